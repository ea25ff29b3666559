// node bench/race.mjs: what the race detector costs. Each load runs plain and under `--import millrace/race`, in processes of their own, in
// turn; counted is CPU time. The figures are medians of the best repetition of each process.
import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'

const rounds = Number(process.argv[2] ?? 3)
const file = fileURLToPath(new URL('./races/loads.mjs', import.meta.url))

/** Each row: what, the loads of both sides, how many of its parts an operation has, and the goal: of the factor, or of the ns that are added. */
const rows = [
  { what: 'await of an async function that adds to a property', load: 'await', factor: 15 },
  { what: 'await of one that waits itself', load: 'awaitWait' },
  { what: 'access of a property in a loop', load: 'property', parts: 4, ns: 60 },
  { what: 'get and set of a Map', load: 'entry' },
  { what: 'round of unbuffered ping-pong, a property written', load: 'pingPong', factor: 10 },
  { what: 'schedule of explore, four goroutines, one cell', load: 'explorePlain', under: 'exploreRace', factor: 3 },
]

let isMissed = false
console.log(
  `${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}, ${rounds} rounds; ns of CPU time, medians\n`,
)
console.log(line('', 'plain', 'under race', 'factor', 'goal'))
for (const { what, load, under, parts = 1, factor, ns } of rows) {
  const plain = []
  const watched = []
  for (let round = 0; round < rounds; round++) {
    plain.push(measure(load, false).ns / parts)
    watched.push(measure(under ?? load, under === undefined).ns / parts)
  }
  const [before, after] = [median(plain), median(watched)]
  const isOver = (factor !== undefined && after / before > factor) || (ns !== undefined && after - before > ns)
  isMissed ||= isOver
  const goal = factor !== undefined ? `${factor}x` : ns !== undefined ? `+${ns} ns` : ''
  console.log(line(what, show(before), show(after), `${(after / before).toFixed(1)}x`, `${goal}${isOver ? ' MISSED' : ''}`))
}
for (const load of ['awaitLong', 'spawnLong']) {
  const heaps = [false, true].map((isWatched) => `${(measure(load, isWatched).heap / 2 ** 20).toFixed(1)} MB`)
  console.log(line(load === 'awaitLong' ? 'heap after 3 million awaits' : 'heap after 100,000 goroutines', ...heaps, '', ''))
}
if (isMissed) process.exitCode = 1

function measure(load, isWatched) {
  const flags = ['--expose-gc', ...(isWatched ? ['--import', 'millrace/race'] : [])]
  return JSON.parse(execFileSync(process.execPath, [...flags, file, load], { encoding: 'utf8' }))
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function show(ns) {
  return ns < 10 ? ns.toFixed(1) : Math.round(ns).toLocaleString('en')
}

function line(what, ...cells) {
  return what.padEnd(54) + cells.map((cell) => cell.padStart(12)).join('')
}
