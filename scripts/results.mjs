// The closing lines of a CI run: what each suite in reports/ counted, and the sum.
import { readdirSync } from 'node:fs'
import { readJson, root } from './entries.mjs'

const suites = readdirSync(new URL('reports/', root))
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({ file, ...readJson(`reports/${file}`) }))

for (const { file, numPassedTests, numFailedTests, numPendingTests } of suites)
  console.log(`${file}: ${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`)

const sum = (count) => suites.reduce((total, suite) => total + suite[count], 0)
const [passed, failed] = [sum('numPassedTests'), sum('numFailedTests')]
console.log(`${passed} passed, ${failed} failed`)
if (failed > 0 || passed === 0 || suites.some(({ success }) => !success)) process.exitCode = 1
