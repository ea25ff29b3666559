/** A thousand goroutines that are always busy, and a timer of the host: prints how much work was done between two calls of the timer. */
import { chan, go, gosched } from 'millrace'

const CALLS = 40
let over = false

/** Burns `ms` of the processor. */
function work(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

const kinds: ((ms: number) => void)[] = [
  (ms) =>
    go(function* () {
      for (; !over; yield* gosched()) work(ms)
    }),
  (ms) =>
    go(function* () {
      const ch = chan<number>(1)
      while (!over) {
        yield* ch.send(1)
        work(ms)
        yield* ch.receive()
      }
    }),
  (ms) => {
    const ch = chan<number>()
    go(function* () {
      while (!over) yield* ch.send(1)
      ch.close()
    })
    go(async () => {
      for await (const _ of ch) work(ms)
    })
  },
  (ms) =>
    go(async () => {
      for (; !over; await gosched()) work(ms)
    }),
]
for (let i = 0; i < 1000; i++) kinds[i % kinds.length]([0.1, 1, 0][i % 3])

// The time the processor spent on this process, so that a machine that is busy with others does not count.
const gaps: number[] = []
let last = process.cpuUsage()
const timer = setInterval(() => {
  const { user, system } = process.cpuUsage(last)
  last = process.cpuUsage()
  gaps.push((user + system) / 1000)
  if (gaps.length < CALLS) return
  clearInterval(timer)
  over = true
  gaps.sort((a, b) => a - b)
  console.log(JSON.stringify({ median: gaps[CALLS >> 1], most: gaps[CALLS - 1] }))
}, 10)
