// The package in other people's projects. Packs it once, installs it into a temporary folder beside the pinned tools, and lets compilers,
// bundlers and test runners use it: `npm run consumers`, or `npm run consumers -- Rspack` for those whose name says so.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJson, requireBuild, root } from '../../scripts/entries.mjs'
import { bundleChecks, expectedOutput } from './bundles.mjs'
import { edgeChecks } from './edge.mjs'
import { jestChecks } from './jests.mjs'
import { observableChecks } from './observables.mjs'
import { raceChecks } from './races.mjs'
import { requireChecks } from './requires.mjs'
import { threadChecks } from './threads.mjs'
import { typeChecks } from './types.mjs'

requireBuild()

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const npm = (args, cwd) => execFileSync('npm', [...args, '--no-audit', '--no-fund'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })

const began = performance.now()
const folder = mkdtempSync(join(tmpdir(), 'millrace-consumers-'))
const [tools, app] = [join(folder, 'tools'), join(folder, 'app')]

try {
  install()
  const expected = await expectedOutput(app)
  const all = [
    ...requireChecks({ app }),
    ...typeChecks({ tools, app }),
    ...bundleChecks({ tools, app, expected }),
    ...jestChecks({ tools, app }),
    ...raceChecks({ tools, app }),
    ...threadChecks({ tools, app }),
    ...edgeChecks({ tools, app }),
    ...observableChecks({ app }),
  ]
  const [wanted = ''] = process.argv.slice(2)
  report(await runAll(all.filter(({ consumer, check }) => `${consumer} ${check}`.includes(wanted))))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** The tools lie in a folder of their own, so that the app has nothing but the package and its peers: no @types/node by accident. */
function install() {
  mkdirSync(tools)
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) cpSync(here(file), join(tools, file))
  npm(['ci', '--omit=peer'], tools)

  cpSync(here('programs'), app, { recursive: true })
  const [{ filename }] = JSON.parse(npm(['pack', '--json', '--pack-destination', folder], fileURLToPath(root)))
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
  const peers = Object.entries(readJson('test/consumers/package.json').dependencies).map(([name, version]) => `${name}@${version}`)
  npm(['install', join(folder, filename), ...peers], app)
}

/** As many at a time as there are processors. */
async function runAll(checks) {
  const results = []
  const queue = checks.map((check, index) => ({ ...check, index }))
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) results[next.index] = await runOne(next)
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return results
}

async function runOne({ consumer, check, run }) {
  const start = performance.now()
  const error = await run().then(
    () => null,
    (error) => error,
  )
  return { consumer, check, error, seconds: (performance.now() - start) / 1000 }
}

function report(results) {
  for (const { consumer, check, error, seconds } of results)
    console.log(`${error === null ? 'passed' : 'FAILED'}  ${consumer.padEnd(18)}${check.padEnd(22)}${seconds.toFixed(1).padStart(5)} s`)
  const failed = results.filter(({ error }) => error !== null)
  for (const { consumer, check, error } of failed) console.error(`\n${consumer}, ${check}: ${String(error?.message ?? error).trim()}`)

  const passed = results.length - failed.length
  console.log(`${passed} passed, ${failed.length} failed (${Math.round((performance.now() - began) / 1000)} s)`)
  const counts = { success: failed.length === 0, numPassedTests: passed, numFailedTests: failed.length, numPendingTests: 0 }
  mkdirSync(new URL('reports/', root), { recursive: true })
  writeFileSync(new URL('reports/consumers.json', root), JSON.stringify(counts))
  if (failed.length > 0 || passed === 0) process.exitCode = 1
}
