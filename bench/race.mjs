// node bench/race.mjs: what the race detector costs. Each load runs plain and under `--import millrace/race`, in processes of their own, in
// turn; counted is CPU time. The figures are medians of the best repetition of each process. Then the loads at each level, memory, the rate of
// explore with its default checks, and the cost for a program that does not look for races (`races/off.mjs`).
import { execFileSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'

const rounds = Number(process.argv[2] ?? 3)
const file = fileURLToPath(new URL('./races/loads.mjs', import.meta.url))
const offFile = fileURLToPath(new URL('./races/off.mjs', import.meta.url))

/**
 * Each row: what, the loads of both sides, how many of its parts an operation has, and the goal: of the factor, or of the ns that are added.
 * Of an `isAsync` row it is told too what it costs where the module is not rewritten: the hooks of promises alone.
 */
const rows = [
  { what: 'await of an async function that adds to a property', load: 'await', factor: 15, isAsync: true },
  { what: 'await of one that waits itself', load: 'awaitWait', isAsync: true },
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
for (const { what, load, under, parts = 1, factor, ns, isAsync } of rows) {
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
  if (isAsync) tell('  of this, the hooks of promises', ['', show(measure(load, true, 'order', 'exclude=loads').ns), ''])
}
const [waiting, watched] = [false, true].map((isWatched) => measure('waitLong', isWatched).heap)
const memory = watched / waiting
tell('heap while 100,000 goroutines wait', [inMB(waiting), inMB(watched), `${memory.toFixed(1)}x`], '3x', memory > 3)
tell(
  'heap after 100,000 goroutines',
  [false, true].map((isWatched) => inMB(measure('spawnLong', isWatched).heap)),
)
const grown = [false, true].map((isWatched) => measure('awaitLong', isWatched).grown)
tell('growth of the heap from 1 to 10 million awaits', [...grown.map(inMB), ''], '1 MB', grown[1] > 2 ** 20)
const rate = 1e9 / measure('explorePlain', false).ns
tell('schedules a second of explore, default checks', [Math.round(rate).toLocaleString('en'), '', ''], '20,000', rate < 20_000)

const off = JSON.parse(execFileSync(process.execPath, [offFile, String(3 * rounds)], { encoding: 'utf8' }))
console.log(`\n${line('where races are not looked for', 'without calls', 'as it is', 'factor', 'goal')}`)
tell('round of ping-pong', [show(off.without), show(off.with), `${off.pingPong.toFixed(3)}x`], '1.02x', off.pingPong > 1.02)
tell('gzip of chan + go + select', ['', `+${off.bytes} B`, ''], '+350 B', off.bytes > 350)

const levels = ['stale', 'order', 'all', 'go']
console.log(`\n${line('at each level, ns', ...levels)}`)
for (const { what, load, under, parts = 1 } of rows)
  if (under === undefined) tell(what, [...levels.map((level) => show(measure(load, true, level).ns / parts))])
if (isMissed) process.exitCode = 1

function measure(load, isWatched, level = 'order', options = '') {
  const flags = ['--expose-gc', ...(isWatched ? ['--import', 'millrace/race'] : [])]
  const env = { ...process.env, MILLRACE_RACE: `level=${level} exitcode=0 log=/dev/null ${options}` }
  return JSON.parse(execFileSync(process.execPath, [...flags, file, load], { encoding: 'utf8', env }))
}

function tell(what, cells, goal = '', isOver = false) {
  isMissed ||= isOver
  console.log(line(what, ...cells, `${goal}${isOver ? ' MISSED' : ''}`))
}

function inMB(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`
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
