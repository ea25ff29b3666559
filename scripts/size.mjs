// What each entry point of the built package costs a user: bundled with esbuild, minified, gzipped, the peers left out. 1 kB is 1024 bytes.
// A budget that is exceeded is an error.
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { entries, requireBuild, root } from './entries.mjs'

requireBuild()

const budgets = [
  { what: 'millrace', kB: 12 },
  { what: 'chan + go + select', code: `export { chan, go, select } from 'millrace'`, kB: 7 },
  ...entries.slice(1).map(({ specifier }) => ({ what: specifier, kB: Infinity })),
]

const rows = []
for (const { what, code = `export * from '${what}'`, kB } of budgets) rows.push({ what, kB, ...(await measure(code)) })

console.log(line('entry point', 'minified', 'min+gzip', 'budget'))
for (const { what, minified, gzipped, kB } of rows)
  console.log(line(what, inKB(minified), inKB(gzipped), kB === Infinity ? '' : `${kB} kB`))

const over = rows.filter(({ gzipped, kB }) => gzipped > kB * 1024)
for (const { what, gzipped, kB } of over) console.error(`${what} is ${gzipped - kB * 1024} bytes over its budget of ${kB} kB`)
if (over.length > 0) process.exitCode = 1

async function measure(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(root) },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['rxjs', 'rxjs/*', 'fp-ts/*', 'node:*'],
    tsconfig: 'tsconfig.build.json', // the other one leads our own names to the sources
    logLevel: 'warning',
  })
  const [{ contents: bytes }] = outputFiles
  return { minified: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length }
}

function inKB(bytes) {
  return `${(bytes / 1024).toFixed(2)} kB`
}

function line(what, ...columns) {
  return what.padEnd(22) + columns.map((column) => column.padStart(12)).join('')
}
