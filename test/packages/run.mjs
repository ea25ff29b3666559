// Twelve packages of asynchronous code under the race detector, with all their sources and those of what they depend on: by default nothing is
// reported. Level `go` reports most of them, which shows that their sources are looked at; a race in the program itself is reported.
// `npm run race:packages`.
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { requireBuild, root } from '../../scripts/entries.mjs'

requireBuild()

const cwd = fileURLToPath(new URL('.', import.meta.url))
const race = new URL('dist/race.js', root).href
/** A package without a variable that two tasks share. */
const sharesNothing = ['p-retry']

execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd, stdio: ['ignore', 'ignore', 'inherit'] })

const rows = []
for (const file of readdirSync(new URL('programs/', import.meta.url))) {
  const name = file.replace('.mjs', '')
  const [standard, go] = await Promise.all([racesOf(file, 'order'), racesOf(file, 'go')])
  const isRight = name === 'racy' ? standard.races === 1 : standard.races === 0 && (sharesNothing.includes(name) || (go.races ?? 0) > 0)
  rows.push({ name, isRight, standard, go })
  console.log(`${isRight ? 'passed' : 'FAILED'}  ${name.padEnd(14)} by default ${standard.races ?? '-'}, level go ${go.races ?? '-'}`)
  if (!isRight) console.error(standard.races === null ? standard.text : go.races === null ? go.text : standard.text)
}
const failed = rows.filter(({ isRight }) => !isRight).length
const passed = rows.length - failed
console.log(`${passed} passed, ${failed} failed`)
mkdirSync(new URL('reports/', root), { recursive: true })
const counts = { success: failed === 0, numPassedTests: passed, numFailedTests: failed, numPendingTests: 0 }
writeFileSync(new URL('reports/packages.json', root), JSON.stringify(counts))
if (failed > 0 || passed === 0) process.exitCode = 1

/** The number of races that a run reports; null where the program itself failed, or anything but races was said. */
function racesOf(file, level) {
  const env = { ...process.env, NODE_OPTIONS: '', MILLRACE_RACE: `level=${level} include=node_modules` }
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', race, `programs/${file}`], { cwd, env, timeout: 60_000 }, (error, stdout, stderr) => {
      const races = [...stderr.matchAll(/^RACE: /gm)].length
      const ended = error === null ? races === 0 && stderr === '' : error.code === 66 && races > 0
      resolve({ races: ended ? races : null, text: `${stdout}${stderr}` })
    })
  })
}
