// node bench/races/suite.mjs [rounds] [filters of files…]: how much longer the files of Millrace's own suites take under the race detector. The
// suites of `npm run test:race` run without and with it, in turn; the time of a file is that of its tests, by the clock. Files that fail on one
// side are left out: some tests are about the detector.
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)
const [rounds = '1', ...filters] = process.argv.slice(2)
const report = 'reports/race-suite-times.json'
const options = ['run', '--config', 'vitest.race.config.ts', '--reporter=json', `--outputFile.json=${report}`]
const sides = [
  { mode: 'plain', files: new Map() },
  { mode: 'test', files: new Map() },
]
const failed = new Set()
for (let round = 0; round < Number(rounds); round++)
  for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
    const args = ['node_modules/vitest/vitest.mjs', ...options, '--mode', side.mode, ...filters]
    rmSync(new URL(report, root), { force: true }) // a run that does not start must not pass for the one before
    spawnSync(process.execPath, args, { cwd: fileURLToPath(root), stdio: 'ignore' })
    for (const { name, status, startTime, endTime } of JSON.parse(readFileSync(new URL(report, root), 'utf8')).testResults)
      if (status !== 'passed') failed.add(name)
      else side.files.set(name, [...(side.files.get(name) ?? []), endTime - startTime])
  }

const [plain, watched] = sides.map(({ files }) => files)
const times = [...plain]
  .filter(([name]) => watched.has(name) && !failed.has(name))
  .map(([name, all]) => ({ before: median(all), after: median(watched.get(name)) }))
const left = new Set([...plain.keys(), ...watched.keys(), ...failed]).size - times.length
const factors = times.map(({ before, after }) => after / Math.max(1, before)).sort((a, b) => a - b)
const [before, after] = ['before', 'after'].map((side) => times.reduce((sum, time) => sum + time[side], 0))
console.log(
  `${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}, ${rounds} rounds, ${times.length} files, ${left} left out`,
)
console.log(`all files: ${seconds(before)} plain, ${seconds(after)} with races looked for, ${(after / before).toFixed(1)}x`)
const [low, middle, high, most] = [0.25, 0.5, 0.75, 1].map((part) => factors[Math.ceil(part * factors.length) - 1].toFixed(1))
console.log(`a file: median ${middle}x, half of them ${low}x to ${high}x, the slowest ${most}x; goal of the median 4x`)
if (Number(middle) > 4) process.exitCode = 1

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}
