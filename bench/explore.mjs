// node bench/explore.mjs: how many schedules a second `explore` tries, of a program of ten steps; and what a bubble and a probe cost.
// Counted is the time that the process was given, which on a busy machine is less than the time that went by.
import { chan, go } from 'millrace'
import { explore } from 'millrace/testing'

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
  console.log(`${strategy.padEnd(12)} ${best.toLocaleString('en').padStart(10)} schedules a second (required: ${REQUIRED.toLocaleString('en')})`)
}
if (isMissed) process.exitCode = 1

async function perSecond(strategy, schedules) {
  const before = process.cpuUsage()
  let done = 0
  while (done < schedules) done += (await explore(tenSteps, { strategy, schedules: schedules - done, seed: done + 1, preemptions: 4 })).schedules
  const { user, system } = process.cpuUsage(before)
  return (done / (user + system)) * 1e6
}
