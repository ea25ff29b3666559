// What each entry point of the built package costs a user: bundled with esbuild, minified, gzipped, the peers left out. 1 kB is 1024 bytes.
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { entries, requireBuild, root } from './entries.mjs'

requireBuild()

// `goal` is what docs/design.md aims at; `limit` is where we stand, and fails when it is passed. Lower it with every byte that goes.
const kernel = `export { chan, go, select, withCancel } from 'millrace'`
/** Of entries that have one. */
const limits = { 'millrace/redis': 45.4, 'millrace/kafka': 43.3 }
const budgets = [
  { what: 'chan + go + select', code: `export { chan, go, select } from 'millrace'`, goal: 7, limit: 14.2 },
  { what: 'millrace, whole', code: `export * from 'millrace'`, goal: 12, limit: 30.6 },
  ...entries.slice(1).map(({ specifier }) => ({
    what: specifier,
    code: `export * from '${specifier}'`,
    goal: Infinity,
    limit: limits[specifier] ?? Infinity,
  })),
]
/** Each tool alone, beyond the kernel (with contexts). Tools that return jobs bring the job with them: 0.5 kB. */
const tools =
  'cond errgroup keyedMutex mapConcurrent mutex once pool rateLimiter rwMutex semaphore singleflight syncMap syncPool waitGroup withRetry workers'

const rows = []
for (const { what, code, goal, limit } of budgets) rows.push({ what, goal, limit, ...(await measure(code)) })
const base = await measure(kernel)
for (const tool of tools.split(' ')) {
  const { minified, gzipped } = await measure(`${kernel}; export { ${tool} } from 'millrace'`)
  rows.push({ what: `+ ${tool}`, goal: 2, limit: 3.4, minified: minified - base.minified, gzipped: gzipped - base.gzipped })
}

console.log(line('entry point', 'minified', 'min+gzip', 'goal', 'limit'))
for (const { what, minified, gzipped, goal, limit } of rows)
  console.log(line(what, inKB(minified), inKB(gzipped), bound(goal), bound(limit)))

const over = rows.filter(({ gzipped, limit }) => gzipped > limit * 1024)
for (const { what, gzipped, limit } of over)
  console.error(`${what} is ${Math.ceil(gzipped - limit * 1024)} bytes over its limit of ${limit} kB`)
if (over.length > 0) process.exitCode = 1

function bound(kB) {
  return kB === Infinity ? '' : `${kB} kB`
}

async function measure(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(root) },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['rxjs', 'rxjs/*', 'fp-ts/*', 'fast-check', '@nats-io/*', '@platformatic/*', 'acorn', 'magic-string', 'node:*'],
    tsconfig: 'tsconfig.build.json', // the other one leads our own names to the sources
    logLevel: 'error',
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
