// node bench/races/off.mjs [rounds]: what the calls for race detection cost a program that does not look for races. The sources are bundled as
// they stand, and once more without these calls: `queue.order !== null` is made `false`, and esbuild drops the branch. Both bundles
// run the same ping-pong, in processes of their own, in turn; counted is CPU time. Of the figures of each side the lowest quarter is compared.
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
  { name: 'without', strips: true, times: [] },
  { name: 'with', strips: false, times: [] },
]
let dropped = 0
for (const side of sides) {
  const bytes = await bundle(`export { chan, go, select } from 'millrace'`, side.strips, true)
  side.size = gzipSync(bytes, { level: 9 }).length
  side.file = fileURLToPath(new URL(`${side.name}.mjs`, reports))
  writeFileSync(side.file, await bundle(load, side.strips, false))
}
for (let round = 0; round < rounds; round++)
  for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
    const ns = Number(execFileSync(process.execPath, [side.file], { encoding: 'utf8' }))
    side.times.push(ns)
  }
const [without, beside] = sides.map(({ times }) => quartile(times))
console.log(JSON.stringify({ pingPong: beside / without, without, with: beside, bytes: sides[1].size - sides[0].size, calls: dropped / 2 }))

async function bundle(contents, strips, minify) {
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
    plugins: strips ? [{ name: 'strip', setup: strip }] : [],
  })
  return outputFiles[0].contents
}

function strip({ onLoad }) {
  onLoad({ filter: /src\/runtime\/.*\.ts$/ }, ({ path }) => {
    const contents = readFileSync(path, 'utf8')
      .replaceAll('queue.order !== null', () => (dropped++, 'false'))
      .replaceAll('queue.order === null', () => (dropped++, 'true'))
    return { contents, loader: 'ts' }
  })
}

function quartile(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 4)]
}
