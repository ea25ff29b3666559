// `npm run race`: the figures by which the race detector and the explorer are judged, measured now, in one table. The tests run with all their
// schedules, a million and more of the fixed twins; `-- --quick` takes the portion of CI, and one round of the costs.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { requireBuild, root } from './entries.mjs'
import { pairs } from '../test/testing/race/programs/pairs.mjs'
import { servers } from '../test/testing/race/programs/servers.mjs'
import { services as older } from '../test/testing/race/programs/services.mjs'

requireBuild()

const isQuick = process.argv.includes('--quick')
const cwd = fileURLToPath(root)
const rows = []
let hasFailed = false

mkdirSync(new URL('reports/', root), { recursive: true })
const suites = ['test/goker', 'test/testing/reduced.test.ts', 'test/testing/race/plain.test.ts']
const mode = isQuick ? [] : ['--mode', 'nightly']
const said = run('node', [
  'node_modules/vitest/vitest.mjs',
  'run',
  ...mode,
  '--typecheck.enabled=false',
  '--reporter=default',
  '--reporter=json',
  '--outputFile.json=reports/race.json',
  ...suites,
])
const tests = JSON.parse(readFileSync(new URL('reports/race.json', root), 'utf8')).testResults.flatMap((file) => file.assertionResults)

count('kernels of GoKer: found, and shown again by the token', /the bug is found/)
count('fixed twins, four strategies, without races, order, go: silent', /the fixed twin under/)
row(
  'schedules of the twins',
  Number(/(\d+) schedules of the fixed twins/.exec(said)?.[1] ?? Number.NaN),
  isQuick ? null : 1_000_000,
  'least',
)
count('reduced: kernels found, and their twins completed', /^reduced: /)
const ratios = [...said.matchAll(/\d+ runs +\d+ orders +([\d.]+)/g)].map(([, ratio]) => Number(ratio))
row(
  `runs for each order of dependent steps, worst of ${ratios.length}`,
  ratios.length === 0 ? Number.NaN : Math.max(...ratios),
  1.5,
  'most',
)
const ofPairs = tests.filter(({ fullName }) => /^pairs .*: is reported$/.test(fullName)) // in the order of the pairs
const reported = ofPairs.length === pairs.length ? pairs.filter((_, i) => ofPairs[i].status === 'passed') : []
row(`async pairs reported by default, of ${pairs.length}`, reported.filter(({ onlyAll }) => onlyAll !== true).length, 22, 'least')
row(`async pairs reported at level all or by default, of ${pairs.length}`, reported.length, pairs.length, 'least')
count('twins of the async pairs: silent at level all', /^pairs .*: its twin is not/)
const services = [...older, ...servers]
const ofServices = tests.filter(({ fullName, status }) => /^services .*: is reported$/.test(fullName) && status === 'passed')
row(
  `races in the styles of services, reported by default, of ${services.length}`,
  ofServices.length === services.length ? services.filter(({ isMissed }) => isMissed !== true).length : Number.NaN,
  9,
  'least',
)
count('twins of the services: silent at level all', /^services .*: its twin is not/)
count('harmless programs: silent', /^harmless code (?!has)/)

const report = new URL('reports/packages.json', root)
rmSync(report, { force: true })
run('node', ['test/packages/run.mjs'])
const { numPassedTests: right = Number.NaN, numFailedTests: wrong = 0 } = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
// One of them is the program `racy`, whose race must be reported.
row(`packages with all their sources: silent, of ${right + wrong}`, right, right + wrong, 'least')

const costs = run('node', ['bench/race.mjs', isQuick ? '1' : '3'], false)
console.log(`\n${line('', 'measured', 'goal', '')}`)
for (const { what, value, goal, bound } of rows) {
  const isMissed = goal !== null && !(bound === 'least' ? value >= goal : value <= goal)
  hasFailed ||= isMissed
  console.log(line(what, String(value), goal === null ? '' : `${bound === 'least' ? '≥' : '≤'} ${goal}`, isMissed ? 'MISSED' : ''))
}
console.log(`\n${costs.trimEnd()}`)
if (hasFailed || costs.includes('MISSED')) process.exitCode = 1

/** A row of tests that all must pass. */
function count(what, name) {
  const all = tests.filter(({ fullName }) => name.test(fullName))
  row(`${what}, of ${all.length}`, all.length === 0 ? Number.NaN : passed(name).length, all.length, 'least')
}

function passed(name) {
  return tests.filter(({ fullName, status }) => name.test(fullName) && status === 'passed')
}

function row(what, value, goal, bound) {
  rows.push({ what, value, goal, bound })
}

/** Runs a command, and returns what it has written. A missed goal of the costs is no failure of the command. */
function run(command, args, fails = true) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, NO_COLOR: '1' },
  })
  if (fails && status !== 0) {
    hasFailed = true
    console.error(`${command} ${args.join(' ')} has failed:\n${stdout.slice(-5000)}${stderr.slice(-5000)}`)
  }
  return stdout
}

function line(what, ...cells) {
  return what.padEnd(78) + cells.map((cell) => cell.padStart(11)).join('')
}
