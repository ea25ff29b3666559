// The contract: test/types/usage.ts type-checks against the built package as it stands. Where the agreed text lies beside the checkout,
// the copy must equal it. The first argument is the TypeScript compiler to check with, our own where there is none.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { requireBuild, root } from './entries.mjs'

requireBuild()

const copy = new URL('test/types/usage.ts', root)
const agreed = new URL('../shared/contract/usage.ts', root)
const compiler = process.argv[2] ?? fileURLToPath(new URL('node_modules/.bin/tsc', root))

if (existsSync(agreed) && readFileSync(agreed, 'utf8') !== readFileSync(copy, 'utf8'))
  fail('test/types/usage.ts differs from ../shared/contract/usage.ts')

const { stdout, status, error } = spawnSync(compiler, ['-p', 'test/types', '--pretty', 'false'], {
  cwd: fileURLToPath(root),
  encoding: 'utf8',
})
if (error) throw error
if (status !== 0) {
  const missing = [...stdout.matchAll(/'"([^"]+)"' has no exported member (?:named )?'([^']+)'/g)]
  fail([stdout, ...missing.map(([, module, name]) => `not delivered: ${name} of ${module}`)].join('\n'))
}
const [version] = spawnSync(compiler, ['--version'], { encoding: 'utf8' }).stdout.split('\n')
console.log(`usage.ts type-checks against the built package (TypeScript ${version})`)

function fail(message) {
  console.error(message)
  process.exit(1)
}
