// node bench/explore.mjs: how many schedules a second `explore` tries, of a program of ten steps; and what it costs to be watched.
// Counted is the time that the process was given, which on a busy machine is less than the time that went by.
import { chan, go } from 'millrace'
import { bubble, explore, watchGoroutines } from 'millrace/testing'

const REQUIRED = 20_000

/** Two goroutines and four messages over an unbuffered channel: ten steps, of which six can be switched at. */
function* tenSteps() {
  const ch = chan()
  go(sender, ch)
  go(sender, ch)
  for (let i = 0; i < 4; i++) yield* ch.receive()
}

function* sender(ch) {
  yield* ch.send(1)
  yield* ch.send(2)
}

const strategies = ['random', 'pct', 'exhaustive']
let isMissed = false
for (const strategy of strategies) {
  await perSecond(strategy, 20_000) // warms up
  const rates = []
  for (let round = 0; round < 3; round++) rates.push(await perSecond(strategy, 40_000))
  const best = Math.round(Math.max(...rates))
  if (strategy !== 'exhaustive' && best < REQUIRED) isMissed = true
  console.log(
    `${strategy.padEnd(12)} ${best.toLocaleString('en').padStart(10)} schedules a second (required: ${REQUIRED.toLocaleString('en')})`,
  )
}
if (isMissed) process.exitCode = 1

// What it costs to be watched: a round of unbuffered ping-pong, and a goroutine spawned and waited for.
const ways = {
  plain: (body) => body(),
  'probe on (watchGoroutines)': (body) => {
    const watch = watchGoroutines()
    return body().finally(() => watch.stop())
  },
  'in a bubble': (body) => bubble(() => body()),
}
const loads = { 'ping-pong, ns a round': [pingPong, 50_000], 'spawn and join, ns': [spawnAndJoin, 5_000] }
console.log(
  `\n${''.padEnd(28)}${Object.keys(loads)
    .map((name) => name.padStart(24))
    .join('')}`,
)
for (const [way, enter] of Object.entries(ways)) {
  const cells = []
  for (const [load, times] of Object.values(loads)) {
    const costs = []
    for (let round = 0; round < 4; round++) {
      const before = process.cpuUsage()
      await enter(() => load(times))
      const { user, system } = process.cpuUsage(before)
      costs.push(((user + system) * 1000) / times)
    }
    cells.push(
      Math.round(Math.min(...costs))
        .toLocaleString('en')
        .padStart(24),
    )
  }
  console.log(way.padEnd(28) + cells.join(''))
}

async function pingPong(rounds) {
  const [there, back] = [chan(), chan()]
  const echoing = go(echo, there, back, rounds)
  for (const one of [go(serve, there, back, rounds), echoing]) await one.join()
}

function* serve(there, back, rounds) {
  for (let i = 0; i < rounds; i++) {
    yield* there.send(i)
    yield* back.receive()
  }
}

function* echo(there, back, rounds) {
  for (let i = 0; i < rounds; i++) {
    yield* there.receive()
    yield* back.send(i)
  }
}

async function spawnAndJoin(times) {
  await go(function* () {
    for (let i = 0; i < times; i++) yield* go(nothing).join()
  }).join()
}

function* nothing() {}

async function perSecond(strategy, schedules) {
  const before = process.cpuUsage()
  let done = 0
  while (done < schedules)
    done += (await explore(tenSteps, { strategy, schedules: schedules - done, seed: done + 1, preemptions: 4 })).schedules
  const { user, system } = process.cpuUsage(before)
  return (done / (user + system)) * 1e6
}
