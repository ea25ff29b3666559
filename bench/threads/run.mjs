/**
 * Functions on threads beside the peers and Go: the rows of docs/threads.md, all in one run, in turns. Every figure is the processor time of the
 * whole process, all threads, and the time that passed; a ratio is the median of the ratios round by round.
 *
 *     node bench/threads/run.mjs [--rounds N] [--only tiny,spin15,…] [--json FILE]
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { background, chan, go, range } from '../../dist/index.js'
import { fromIterable, run, workerPool } from '../../dist/operators.js'
import { moved, numbers, threadPool } from '../../dist/threads.js'
import { buildGo } from '../go/build.mjs'
import { spin } from './functions.mjs'
import { makeBare, makePools } from './pools.mjs'
import * as ours from './ours.mjs'

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, only: { type: 'string' }, json: { type: 'string' } },
})
const rounds = Number(options.rounds)
const only = options.only?.split(',')

const { pools, remotes, pool } = await makePools()
const bare = makeBare()
const built = buildGo()
if ('missing' in built) console.log(`without go: ${built.missing}`)

/** Performs `n` calls, with at most this number under way. */
async function inFlight(call, n, most) {
  const results = []
  let begun = 0
  const one = async () => {
    while (begun < n) {
      begun++
      results.push(await call())
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, n) }, one))
  return results
}

/** The microseconds of processor and of time that one of `n` operations takes. */
async function measured(n, f) {
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  await f()
  const wall = (performance.now() - began) * 1000
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / n, wall: wall / n }
}

const iterationsOf = calibrated()

/** The rounds of `spin` that take a number of ms, by the fastest of several tries. */
function calibrated() {
  const TRY = 1_000_000
  spin(TRY)
  let best = Infinity
  for (let i = 0; i < 10; i++) {
    const began = performance.now()
    spin(TRY)
    best = Math.min(best, performance.now() - began)
  }
  return (ms) => Math.round((TRY * ms) / best)
}

const forAll = (row) => Object.fromEntries(Object.entries(pools).map(([name, { call }]) => [name, () => row(call, name)]))
const TINY = 20_000
const MB = 2 ** 20

function goColumn(name, procs) {
  if ('missing' in built) return {}
  const one = (how) => {
    const env = { ...process.env, GOMAXPROCS: String(procs) }
    const out = execFileSync(built.path, [name, '1', '200', how], { encoding: 'utf8', env })
    return JSON.parse(out).reps[0] / 1000
  }
  return { [`Go, ${procs} processors`]: () => ({ cpu: one('cpu'), wall: one('wall') }) }
}

const busy = (jobs, ms) => ({
  'two bare threads': () => measured(jobs, () => bare.spin(jobs, iterationsOf(ms))),
  ...forAll((call) => measured(jobs, () => inFlight(() => call('spin', iterationsOf(ms)), jobs, 64))),
})

/** Each row has its columns, of which the first is what the others are compared with. */
const rows = {
  tiny: {
    what: 'a tiny job, 64 in flight',
    columns: {
      ...forAll((call, name) =>
        measured(name === 'ours' ? TINY : TINY / 4, () => inFlight(() => call('tiny', 1), name === 'ours' ? TINY : TINY / 4, 64)),
      ),
      'ours, workerPool(64)': () =>
        measured(TINY, () => run(background, fromIterable(Array(TINY).fill(1)).pipe(workerPool(64, remotes.tiny))).join()),
      ...goColumn('threads-tiny', 2),
    },
  },
  spin15: { isLong: true, what: 'a job of 15 ms, 64 of them', columns: busy(64, 15) },
  spin1: { isLong: true, what: 'a job of 1 ms, 64 of them', columns: busy(64, 1) },
  idle: {
    isLong: true,
    what: 'how long a thread idles before a job of 15 ms, beside two busy loops',
    columns: forAll((call) => idleTime(call)),
  },
  slow: {
    isLong: true,
    what: 'a job of 200 ms among 200 of 1 ms, as a whole',
    columns: {
      'two bare threads': () => measured(1, () => bare.spin(2, iterationsOf(200))),
      ...forAll((call) => measured(1, () => slowAmongFast(call))),
    },
  },
  objects: {
    what: 'an object of three fields through a channel, from a thread',
    columns: { ours: () => measured(100_000, () => received(chan(1024), ours.sends, 100_000)) },
  },
  numbers: {
    what: 'a number through a ring, from one thread to another',
    columns: {
      'numbers(65536)': () => measured(1_000_000, () => betweenThreads(numbers(65_536), 1_000_000)),
      'chan(1024), through this thread': () => measured(200_000, () => betweenThreads(chan(1024), 200_000)),
      ...goColumn('threads-numbers', 2),
    },
  },
  roundTrip: {
    what: 'a job, one after the other',
    columns: {
      'bare postMessage': () => measured(2000, () => inFlight(() => bare.roundTrip(1), 2000, 1)),
      ...forAll((call) => measured(2000, () => inFlight(() => call('tiny', 1), 2000, 1))),
    },
  },
  moved: {
    what: 'a job with 1 MB there and back',
    columns: {
      'a job without it': () => measured(1000, () => inFlight(() => remotes.empty(), 1000, 1)),
      moved: () => measured(1000, () => movedBackAndForth(1000)),
    },
  },
  start: {
    isLong: true,
    what: 'a thread, until its first answer, and its end',
    columns: {
      'a bare thread': () => measured(5, bareStarts),
      ours: () => measured(5, ourStarts),
    },
  },
}

async function idleTime(call) {
  const loops = Array.from({ length: 2 }, () => new Worker('for (;;);', { eval: true }))
  const idle = await inFlight(() => call('gap', iterationsOf(15)), 24, 24)
  await Promise.all(loops.map((worker) => worker.terminate()))
  const us = median(idle.filter((ms) => ms >= 0).map((ms) => ms * 1000))
  return { cpu: NaN, wall: us }
}

async function slowAmongFast(call) {
  const jobs = [200, ...Array(200).fill(1)].map((ms) => call('spin', iterationsOf(ms)))
  await Promise.all(jobs.map((job) => job.then((value) => value)))
}

async function received(ch, sends, n) {
  const sending = go(sends.on(pool)(ch, n))
  await go(function* () {
    for (const it = range(ch); yield* it.next(););
  }).join()
  await sending.join()
}

async function betweenThreads(ch, n) {
  const taking = go(remotes.takes(ch))
  const sending = go(remotes.sendsNumbers(ch, n))
  if ((await taking.join()) !== n) throw new Error('numbers were lost')
  await sending.join()
}

async function movedBackAndForth(n) {
  let buffer = new ArrayBuffer(MB)
  for (let i = 0; i < n; i++) buffer = await remotes.passes(moved(buffer))
}

async function bareStarts() {
  for (let i = 0; i < 5; i++) {
    const worker = new Worker(new URL('bare-worker.mjs', import.meta.url))
    await new Promise((resolve) => {
      worker.once('message', resolve)
      worker.postMessage(1)
    })
    await worker.terminate()
  }
}

async function ourStarts() {
  for (let i = 0; i < 5; i++) {
    const one = threadPool({ size: 1 })
    await ours.tiny.on(one)(1)
    await one.close()
  }
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? NaN
}

const figures = {}
/** Rounds before the first that counts; rows of long jobs need one. */
const WARM_UP = 3
for (let round = 1 - WARM_UP; round <= rounds; round++)
  for (const [name, { columns, isLong }] of Object.entries(rows)) {
    if ((only !== undefined && !only.includes(name)) || (isLong && round < 0)) continue
    for (const [column, measure] of Object.entries(columns)) {
      const figure = await measure()
      if (round > 0) ((figures[name] ??= {})[column] ??= []).push(figure)
    }
  }

const text = (us) => (Number.isNaN(us) ? '–' : us < 10 ? us.toFixed(2) : us.toFixed(us < 1000 ? 1 : 0))
const spread = (values) => `${text(median(values))} (${text(Math.min(...values))}–${text(Math.max(...values))})`
console.log(`\n${process.version}, ${rounds} rounds; µs: median (least–most); × the first column, round by round`)
for (const [name, columns] of Object.entries(figures)) {
  console.log(`\n${name}: ${rows[name].what}`)
  const [first] = Object.values(columns)
  for (const [column, taken] of Object.entries(columns)) {
    const of = (key) => taken.map((one) => one[key])
    const ratios = (key) => spread(taken.map((one, i) => one[key] / first[i][key]))
    console.log(
      `  ${column.padEnd(34)} cpu ${spread(of('cpu')).padEnd(28)} × ${ratios('cpu').padEnd(20)} wall ${spread(of('wall')).padEnd(28)} × ${ratios('wall')}`,
    )
  }
}
if (options.json !== undefined) writeFileSync(options.json, JSON.stringify({ node: process.version, rounds, figures }, null, 2))
await Promise.all([bare.end(), ...Object.values(pools).map(({ end }) => end())])
