// node bench/races/off.mjs [rounds]: what the calls for race detection cost a program that does not look for races. The sources are bundled as
// they stand ("with"), without the calls of the order port, and "bare": without those of the probe too. The conditions are made
// `false`, and esbuild drops the branches. All bundles run the same ping-pong, in processes of their own, in turn; counted is CPU
// time. Of the figures of each side the lowest quarter is compared.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = new URL('../../', import.meta.url)
const rounds = Number(process.argv[2] ?? 9)
const reports = new URL('reports/race-off/', root)
mkdirSync(reports, { recursive: true })

const load = `
import { chan, go } from 'millrace'
function* serve(there, back, n) { for (let i = 0; i < n; i++) { yield* there.send(i); yield* back.receive() } }
function* echo(there, back, n) { for (let i = 0; i < n; i++) yield* back.send(yield* there.receive()) }
const best = []
for (let round = 0; round < 15; round++) {
  const n = 100_000
  const [there, back] = [chan(), chan()]
  const before = process.cpuUsage()
  for (const one of [go(serve, there, back, n), go(echo, there, back, n)]) await one.join()
  const { user, system } = process.cpuUsage(before)
  best.push(((user + system) * 1000) / n)
}
console.log(Math.min(...best))
`
const sides = [
  { name: 'bare', strip: (source) => withoutProbe(withoutOrder(source)), times: [] },
  { name: 'without', strip: withoutOrder, times: [] },
  { name: 'with', strip: (source) => source, times: [] },
]
for (const side of sides) {
  const bytes = await bundle(`export { chan, go, select } from 'millrace'`, side.strip, true)
  side.size = gzipSync(bytes, { level: 9 }).length
  side.file = fileURLToPath(new URL(`${side.name}.mjs`, reports))
  writeFileSync(side.file, await bundle(load, side.strip, false))
}
for (let round = 0; round < rounds; round++)
  for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
    const ns = Number(execFileSync(process.execPath, [side.file], { encoding: 'utf8' }))
    side.times.push(ns)
  }
const [bare, without, beside] = sides.map(({ times }) => quartile(times))
const bytes = sides[2].size - sides[1].size
console.log(JSON.stringify({ pingPong: beside / without, besideBare: beside / bare, bare, without, with: beside, bytes }))

async function bundle(contents, strip, minify) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(root) },
    bundle: true,
    minify,
    minifySyntax: true, // drops the branches
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    external: ['rxjs', 'rxjs/*'],
    logLevel: 'error',
    plugins: [{ name: 'strip', setup: (bundler) => onRuntime(bundler, strip) }],
  })
  return outputFiles[0].contents
}

function onRuntime({ onLoad }, strip) {
  onLoad({ filter: /src\/runtime\/.*\.ts$/ }, ({ path }) => ({ contents: strip(readFileSync(path, 'utf8')), loader: 'ts' }))
}

function withoutOrder(source) {
  return source
    .replaceAll('queue.order !== null', 'false')
    .replaceAll('queue.order === null', 'true')
    .replaceAll(/if \(queue\.isWatched\) queue\.order\?\..*/g, '')
    .replaceAll(/queue\.order\?\..*/g, '')
    .replaceAll(' || this.order !== null', '')
}

function withoutProbe(source) {
  return source
    .replaceAll('queue.probe !== null', 'false')
    .replaceAll('queue.probe === null', 'true')
    .replaceAll(/queue\.isWatched(?=\))/g, 'false')
}

function quartile(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 4)]
}
