// Spawn and wait for each of 10k, 100k, 1M; and what a million parked ones hold.
import { GenChan, PromiseChan, spawn, drain } from '../floors.mjs'

let sum = 0

export const workloads = [
  { ...spawning(), name: 'spawn10k', title: 'spawn and wait, 10k, each', n: 10_000, targets: [['ours', 'go', 1]] },
  { ...spawning(), name: 'spawn100k', title: 'spawn and wait, 100k, each', n: 100_000, targets: [['ours', 'go', 0.5]] },
  { ...spawning(false), name: 'spawn1M', title: 'spawn and wait, 1M, each', n: 1_000_000, targets: [['ours', 'go', 0.45]] },
  parked(),
]

function spawning(rxjs = true) {
  return {
    unit: 'ns',
    warm: 100_000,
    ours: {
      ours({ go, waitGroup }) {
        function* worker(i) {
          sum += i
        }
        function* all(n) {
          const wg = waitGroup()
          for (let i = 0; i < n; i++) wg.go(worker, i)
          yield* wg.wait()
        }
        return (n) => go(all, n).join()
      },
      'ours (a literal for each)'({ go, waitGroup }) {
        function* all(n) {
          const wg = waitGroup()
          for (let i = 0; i < n; i++)
            wg.go(function* () {
              sum += i
            })
          yield* wg.wait()
        }
        return (n) => go(all, n).join()
      },
    },
    floors: {
      gen() {
        function* worker(i, group) {
          sum += i
          group.left--
        }
        return (n) => {
          const group = { left: n }
          for (let i = 0; i < n; i++) spawn(worker(i, group))
          drain()
          if (group.left !== 0) throw new Error('one was lost')
        }
      },
      'async function'() {
        async function worker(i) {
          sum += i
        }
        return (n) => all(n, worker)
      },
      'async function (one await)'() {
        async function worker(i) {
          await null
          sum += i
        }
        return (n) => all(n, worker)
      },
    },
    peers: {
      async effect(peer) {
        const { Effect, Fiber } = await peer('effect')
        const worker = (i) => Effect.sync(() => void (sum += i))
        const spawnAll = Effect.fnUntraced(function* (n) {
          const fibers = []
          for (let i = 0; i < n; i++) fibers.push(yield* Effect.forkChild(worker(i)))
          yield* Fiber.joinAll(fibers)
        })
        return async (n) => void (await Effect.runPromise(spawnAll(n)))
      },
      async effection(peer) {
        const { run, spawn: fork } = await peer('effection')
        function* worker(i) {
          sum += i
        }
        return async (n) => {
          const fewer = Math.min(n, 10_000)
          await run(function* () {
            const tasks = []
            for (let i = 0; i < fewer; i++) tasks.push(yield* fork(() => worker(i)))
            for (const task of tasks) yield* task
          })
          return fewer
        }
      },
      ...(rxjs && {
        async 'rxjs mergeMap'(peer) {
          const { range, mergeMap, lastValueFrom } = await peer('rxjs')
          async function worker(i) {
            await null
            sum += i
          }
          return async (n) => void (await lastValueFrom(range(0, n).pipe(mergeMap(worker))))
        },
      }),
    },
  }
}

async function all(n, worker) {
  const promises = []
  for (let i = 0; i < n; i++) promises.push(worker(i))
  await Promise.all(promises)
}

function parked() {
  const n = 1_000_000
  return {
    name: 'parked',
    title: 'a million parked on a receive, each',
    unit: 'bytes',
    measures: 'bytes',
    nodeArgs: ['--max-old-space-size=8192'],
    targets: [['ours', 'absolute', 320]],
    ours: {
      ours({ go, chan }) {
        let parked = 0
        function* wait(ch) {
          parked++
          yield* ch.receive()
        }
        const settle = async () => {
          while (parked < n) await new Promise((resolve) => setTimeout(resolve, 10))
        }
        return () => held(chan(), (ch) => go(wait, ch), settle)
      },
      'ours async'({ chan }) {
        async function wait(ch) {
          await ch.receive()
        }
        return () => held(chan(), wait)
      },
    },
    floors: {
      gen() {
        function* wait(ch) {
          yield ch.park()
        }
        return () => held(new GenChan(), (ch) => spawn(wait(ch)), drain)
      },
      promise() {
        async function wait(ch) {
          await ch.receive()
        }
        return () => held(new PromiseChan(), wait)
      },
      'async function'() {
        async function wait(resolvers) {
          await new Promise((resolve) => resolvers.push(resolve))
        }
        return () => held([], wait)
      },
    },
    peers: {
      async medium(peer) {
        const { chan, take } = await peer('medium')
        async function wait({ ch }) {
          await take(ch)
        }
        return () => held({ ch: chan() }, wait)
      },
      // A channel of theirs takes no more than 1,024 readers.
      async '@thi.ng/csp'(peer) {
        const { channel } = await peer('@thi.ng/csp')
        async function wait(chans, i) {
          if (i % 1000 === 0) chans.push(channel())
          await chans.at(-1).read()
        }
        return () => held([], wait)
      },
      async 'async-channel'(peer) {
        const { BaseChannel } = await peer('async-channel')
        async function wait({ ch }) {
          await ch.get()
        }
        return () => held({ ch: new BaseChannel() }, wait)
      },
      async 'ts-chan (unsafe)'(peer) {
        const { Chan } = await peer('ts-chan')
        async function wait(ch) {
          await ch.recv()
        }
        return () => held(new Chan().setUnsafe(true), wait)
      },
      async effect(peer) {
        const { Effect, Queue } = await peer('effect')
        const ch = await Effect.runPromise(Queue.bounded(1))
        const take = Queue.take(ch)
        return () => held(ch, () => Effect.runFork(take))
      },
    },
  }

  async function held(ch, wait, settle = () => {}) {
    const before = await memory()
    for (let i = 0; i < n; i++) wait(ch, i)
    await settle()
    const bytes = ((await memory()) - before) / n
    keep = ch
    return bytes
  }
}

/** What is reachable waits on it, and must outlive the measurement. */
export let keep

async function memory() {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
