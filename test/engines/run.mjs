// The portable suites on Bun, Deno and Chromium, one after the other, and the built package there: `npm run build && npm run engines`, or
// `npm run engines -- bun deno`. Which suites run where, and why: portable.mjs.
//   --write   writes docs/engines.md; without it a run of all engines fails where that page would differ
// Bun and Deno are installed into this folder at first; Chromium is $CHROMIUM, or the one on the PATH. Without a Chromium the run says so, and is
// no failure.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../../scripts/entries.mjs'
import { importAll } from './imports.mjs'
import { differences, engines } from './portable.mjs'
import { page } from './table.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const repository = fileURLToPath(root)
const options = process.argv.slice(2)
const chosen = options.filter((option) => !option.startsWith('--'))
const patience = 13 * 60_000

const began = performance.now()
install()
const logs = mkdtempSync(join(tmpdir(), 'millrace-engines-'))
const results = []
for (const engine of engines) if (chosen.length === 0 || chosen.includes(engine)) results.push(await runOn(engine))
const failures = [...(await Promise.all(results.map(imported))).flat(), ...report(results), ...checkPage(results)]
finish(results, failures)

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
  const start = performance.now()
  if (command === null) return { engine, command, suites: [], failures: [], differing: [] }
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
  return { engine, command, log, seconds: secondsSince(start), ...read(engine, output, status) }
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
    const passed = assertionResults.filter((test) => test.status === 'passed').length
    suites.push({ suite, passed, ok: passed > 0 && (outcome === 'passed' || failed.every((test) => expected.includes(test))) })
  }
  // Errors outside a test: vitest fails for them, and its report does not have them.
  if (status !== 0 && failures.length === 0 && differing.length === 0) failures.push(`vitest ended with ${status}`)
  return { suites, failures, differing }
}

/** The failures of the built package on an engine. */
async function imported({ engine, command }) {
  if (command === null) return []
  const args = engine === 'deno' ? ['run', '-A', '--node-modules-dir=manual'] : []
  try {
    await importAll(engine, { ...command, args })
    return []
  } catch (error) {
    return [`${engine}: ${error.message}`]
  }
}

/** Prints the results of each engine and writes them to reports/; returns the failures. */
function report(results) {
  mkdirSync(new URL('reports/', root), { recursive: true })
  return results.flatMap(({ engine, command, suites, failures, differing, log, seconds }) => {
    if (command === null) {
      console.log(`\n${engine} DID NOT RUN: install Chromium (Debian: apt-get install chromium), or set CHROMIUM to its path`)
      return []
    }
    const counts = {
      success: failures.length === 0,
      numPassedTests: suites.reduce((sum, { passed }) => sum + passed, 0),
      numFailedTests: failures.length,
      numPendingTests: differing.length,
    }
    writeFileSync(new URL(`reports/engine-${engine}.json`, root), JSON.stringify(counts))
    console.log(
      `${engine} ${command.version}: ${suites.length} suites, ${counts.numPassedTests} tests passed, ${failures.length} failed (${seconds} s)`,
    )
    if (failures.length > 0 && log !== undefined) console.log(readFileSync(log, 'utf8').split('\n').slice(-200).join('\n'))
    return failures.map((failure) => `${engine}: ${failure.trim()}`)
  })
}

/** docs/engines.md as this run makes it; a run of some engines has no page. */
function checkPage(results) {
  if (results.length < engines.length || results.some(({ command }) => command === null)) return []
  const file = new URL('docs/engines.md', root)
  const text = page(results, repository)
  if (options.includes('--write')) writeFileSync(file, text)
  return existsSync(file) && readFileSync(file, 'utf8') === text
    ? []
    : ['docs/engines.md differs from this run: npm run engines -- --write']
}

function finish(results, failures) {
  for (const failure of failures) console.log(`\nFAILED on ${failure}`)
  const passed = results.flatMap(({ suites }) => suites).reduce((sum, suite) => sum + suite.passed, 0)
  console.log(`\n${passed} passed, ${failures.length} failed (${secondsSince(began)} s)`)
  if (failures.length > 0 || passed === 0) process.exitCode = 1
  rmSync(logs, { recursive: true, force: true })
}

function secondsSince(start) {
  return Math.round((performance.now() - start) / 1000)
}
