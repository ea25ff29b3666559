// node [--import millrace/race] loads.mjs LOAD: ns of CPU time of one operation, best of several repetitions, and the heap after.
// The same file plain and under race: this module is what the detector rewrites.
import { chan, go } from 'millrace'
import { explore, shared } from 'millrace/testing'
import './first.mjs'

const [name] = process.argv.slice(2)

const counter = { n: 0 }
const place = { a: 1, b: 2, c: 3, sum: 0 }
const cells = new Map([['a', 1]])

async function leaf() {
  counter.n += 1
}

async function waiting() {
  counter.n += 1
  await null
  counter.n -= 1
}

async function waits(n) {
  for (let i = 0; i < n; i++) await waiting()
}

async function awaits(n) {
  for (let i = 0; i < n; i++) await leaf()
}

function properties(n) {
  for (let i = 0; i < n; i++) place.sum = place.a + place.b + place.c
}

function entries(n) {
  for (let i = 0; i < n; i++) cells.set('a', cells.get('a') + 1)
}

async function pingPong(n) {
  const [there, back] = [chan(), chan()]
  const echoing = go(echo, there, back, n)
  for (const one of [go(serve, there, back, n), echoing]) await one.join()
}

function* serve(there, back, n) {
  for (let i = 0; i < n; i++) {
    counter.n = i
    yield* there.send(i)
    yield* back.receive()
  }
}

function* echo(there, back, n) {
  for (let i = 0; i < n; i++) yield* back.send(yield* there.receive())
}

/** A program of four goroutines over a channel and a cell. */
function* four() {
  const ch = chan()
  const last = shared(0, 'last')
  go(sender, ch)
  go(sender, ch)
  const adding = go(receiver, ch, last)
  yield* adding.join()
  return last.value
}

function* sender(ch) {
  yield* ch.send(1)
  yield* ch.send(2)
}

function* receiver(ch, last) {
  for (let i = 0; i < 4; i++) last.value += yield* ch.receive()
}

const explores = (race) => (n) => explore(four, { schedules: n, race })

/** Each load: how many operations a repetition has, and what runs them. */
const loads = {
  await: [100_000, awaits],
  awaitWait: [50_000, waits],
  property: [300_000, properties],
  entry: [100_000, entries],
  pingPong: [30_000, pingPong],
  explorePlain: [3_000, explores(false)],
  exploreRace: [3_000, explores(true)],
  awaitLong: [10_000_000, awaitAll],
  spawnLong: [100_000, spawnAll],
  waitLong: [100_000, waitAll],
}

/** The heap after a tenth of the awaits, which the rest must not let grow. */
let early = null
async function awaitAll(n) {
  await awaits(n / 10)
  early = heapNow()
  await awaits(n - n / 10)
}

/** The heap while all of them wait. */
let alive = null
async function waitAll(n) {
  const ch = chan()
  const all = []
  for (let i = 0; i < n; i++) all.push(go(wait, ch))
  await new Promise((resume) => setImmediate(resume))
  alive = heapNow()
  ch.close()
  for (const one of all) await one.join()
}

function* wait(ch) {
  counter.n += 1
  yield* ch.receive()
}

function heapNow() {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

async function spawnAll(n) {
  const all = []
  for (let i = 0; i < n; i++) all.push(go(sum, i))
  for (const one of all) await one.join()
}

function* sum(i) {
  counter.n += i
}

const [n, run] = loads[name]
const isLong = name.endsWith('Long')
const best = []
for (let round = 0; round < (isLong ? 1 : 12); round++) {
  const before = process.cpuUsage()
  await run(n)
  const { user, system } = process.cpuUsage(before)
  best.push(((user + system) * 1000) / n)
}
const heap = heapNow()
console.log(JSON.stringify({ ns: Math.min(...best), heap: alive ?? heap, grown: early === null ? 0 : heap - early }))
