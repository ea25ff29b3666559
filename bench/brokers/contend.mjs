// What the contenders of the brokers share: their arguments, the clock, and the calls that are under way.
import process, { argv } from 'node:process'
import { take } from 'rxjs'
import { background } from '../../dist/index.js'
import { byKey, fromPull, positionOf, through } from '../../dist/broker.js'
import { run, workerPool } from '../../dist/operators.js'

const [, program, row, contender, port, count] = argv
if (argv.length < 6) throw new Error(`node ${program} <row> <contender> <port> <messages>`)
const n = Number(count)

export { contender, row, n }
export const address = { port: Number(port), host: '127.0.0.1' }
export const IN_FLIGHT = 256
export const text = 'x'.repeat(98) // with its quotes 100 bytes of JSON
export const isLog = contender.includes('a log')

/** The first quarter of the messages is the warm-up: the clock begins after it. */
const warm = Math.floor(n / 4)
let ticks = 0
let began = null
export const tick = () => {
  if (ticks++ === warm) began = [process.cpuUsage(), performance.now()]
}

/** Performs without the clock. */
export async function untimed(f) {
  const before = ticks
  await f()
  ticks = before
  began = null
}

export const counted = (value) => {
  tick()
  return value
}
/** A stage of as many workers as the name of the contender says, or 16. A source asks only for messages that have a worker. */
export const work = () => {
  const workers = Number(/(\d+) workers/.exec(contender)?.[1] ?? 16)
  return isLog ? byKey((delivery) => delivery.key, workers, counted) : workerPool(workers, through(counted))
}
export const performed = (pipeline) => run(background, pipeline).join()

/** Deliveries that no broker has. */
export const numbers = () =>
  fromPull((lease) => {
    let next = 0
    const message = (i) => ({ value: text, key: null, attempt: 1, headers: new Map(), position: positionOf('in', 0, i, 0), settled() {} })
    return {
      request(places) {
        for (let i = 0; i < places && next < n; i++) {
          tick()
          lease.deliver(message(next++))
        }
      },
    }
  }).pipe(take(n))

/** Calls that are not answered yet, at most IN_FLIGHT. */
export async function inFlight(each) {
  const pending = new Set()
  for (let i = 0; i < n; i++) {
    const one = each(i).finally(() => pending.delete(one))
    pending.add(one)
    if (pending.size >= IN_FLIGHT) await Promise.race(pending)
  }
  await Promise.all(pending)
}

/** Prints the microseconds of processor, and of time, for each message after the warm-up, and ends: reads of a client may be under way. */
export function report() {
  const [cpu, at] = began
  const measured = n - warm
  const wall = (performance.now() - at) * 1000
  const { user, system } = process.cpuUsage(cpu)
  console.log(JSON.stringify({ cpu: (user + system) / measured, wall: wall / measured }))
  process.exit()
}
