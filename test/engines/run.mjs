// The portable suites on Bun, Deno and Chromium: `npm run engines`, or `npm run engines -- bun deno`.
//   --required   an engine that is missing is a failure (CI)
//   --write      writes the table into docs/engines.md
// Bun and Deno are installed into this folder at first; Chromium is $CHROMIUM, or the one on the PATH.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../scripts/entries.mjs'
import { differences, engines } from './portable.mjs'
import { page, table } from './table.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const repository = fileURLToPath(root)
const options = process.argv.slice(2)
const chosen = options.filter((option) => !option.startsWith('--'))
const patience = 14 * 60_000

const began = performance.now()
install()
const logs = mkdtempSync(join(tmpdir(), 'millrace-engines-'))
const results = await Promise.all(engines.filter((engine) => chosen.length === 0 || chosen.includes(engine)).map(runOn))
report(results)

function install() {
  const installed = join(here, 'node_modules/.package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs > statSync(join(here, 'package-lock.json')).mtimeMs) return
  execFileSync('npm', ['ci', '--omit=peer', '--no-audit', '--no-fund'], { cwd: here, stdio: 'inherit' })
}

/** How an engine runs vitest; null where the engine is missing. */
function commandOf(engine) {
  const bin = join(here, 'node_modules/.bin', engine)
  if (engine === 'bun') return { file: bin, args: ['--bun'], version: versionOf(bin) }
  if (engine === 'deno') return { file: bin, args: ['run', '-A'], version: versionOf(bin) }
  const path = process.env.CHROMIUM ?? onPath('chromium', 'chromium-browser', 'google-chrome')
  return path === undefined ? null : { file: process.execPath, args: [], version: versionOf(path), env: { CHROMIUM: path } }
}

function versionOf(file) {
  const [version] = /\d+(\.\d+)+/.exec(execFileSync(file, ['--version'], { encoding: 'utf8' }))
  return version
}

function onPath(...names) {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file))
}

/** The counts of an engine by suite, and its failures. */
async function runOn(engine) {
  const command = commandOf(engine)
  if (command === null) return { engine, missing: true, suites: [], failures: [], differing: [] }
  const log = join(logs, `${engine}.log`)
  const output = join(logs, `${engine}.json`)
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/engines/vitest.config.mjs', '--mode', engine]
  const status = await ended(
    spawn(command.file, [...command.args, ...vitest, `--outputFile.json=${output}`], {
      cwd: repository,
      env: { ...process.env, ...command.env },
      stdio: ['ignore', openSync(log, 'w'), openSync(log, 'a')],
      timeout: patience,
      killSignal: 'SIGKILL',
    }),
  )
  return { engine, version: command.version, log, ...read(engine, output, status) }
}

function ended(child) {
  return new Promise((resolve, reject) => child.on('error', reject).on('close', (code, signal) => resolve(code ?? signal)))
}

function read(engine, output, status) {
  if (!existsSync(output)) return { suites: [], failures: [`vitest ended with ${status} and no report`], differing: [] }
  const expected = differences.filter((difference) => difference.engine === engine).flatMap(({ tests }) => tests)
  const [suites, failures, differing] = [[], [], []]
  for (const { name, status: outcome, message, assertionResults } of JSON.parse(readFileSync(output, 'utf8')).testResults) {
    const suite = relative(repository, name)
    const failed = assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName)
    differing.push(...failed.filter((test) => expected.includes(test)))
    failures.push(...failed.filter((test) => !expected.includes(test)).map((test) => `${suite}: ${test}`))
    if (outcome === 'failed' && failed.length === 0) failures.push(`${suite}: ${message}`)
    suites.push({ suite, passed: assertionResults.filter((test) => test.status === 'passed').length })
  }
  // Errors outside a test: vitest fails for them, and its report does not have them.
  if (status !== 0 && failures.length === 0 && differing.length === 0) failures.push(`vitest ended with ${status}`)
  return { suites, failures, differing }
}

function report(results) {
  console.log(table(results))
  const required = options.includes('--required')
  let [passed, failed] = [0, 0]
  mkdirSync(new URL('reports/', root), { recursive: true })
  for (const { engine, missing, suites, failures, differing, log } of results) {
    if (missing) {
      console.log(`\n${engine} DID NOT RUN: install Chromium (Debian: apt-get install chromium), or set CHROMIUM to its path`)
      if (required) failed++
      continue
    }
    for (const failure of failures) console.log(`\nFAILED on ${engine}: ${failure.trim()}`)
    if (failures.length > 0) console.log(readFileSync(log, 'utf8').split('\n').slice(-200).join('\n'))
    const numPassedTests = suites.reduce((sum, suite) => sum + suite.passed, 0)
    const counts = { success: failures.length === 0, numPassedTests, numFailedTests: failures.length, numPendingTests: differing.length }
    writeFileSync(new URL(`reports/engine-${engine}.json`, root), JSON.stringify(counts))
    passed += numPassedTests
    failed += failures.length
  }
  if (options.includes('--write')) writeFileSync(new URL('docs/engines.md', root), page(results))
  rmSync(logs, { recursive: true, force: true })
  console.log(`\n${passed} passed, ${failed} failed (${Math.round((performance.now() - began) / 1000)} s)`)
  if (failed > 0 || passed === 0) process.exitCode = 1
}
