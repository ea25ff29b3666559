// Four producers and four consumers on one channel of capacity 16: an item.
import { GenChan, PromiseChan, NONE, CLOSED, spawn, drain } from '../floors.mjs'

const four = [0, 1, 2, 3]

export const workloads = [
  {
    name: 'many',
    title: '4 producers, 4 consumers, capacity 16, an item',
    unit: 'ns',
    n: 200_000,
    targets: [['ours', 'go', 1]],
    ours: {
      ours({ go, chan, range, waitGroup }) {
        function* produce(ch, n) {
          for (let i = 0; i < n; i++) yield* ch.send(1)
        }
        function* consume(ch, out) {
          for (const it = range(ch); yield* it.next();) out.sum += it.value
        }
        function* all(n) {
          const ch = chan(16)
          const out = { sum: 0 }
          const producers = waitGroup()
          const consumers = waitGroup()
          for (const _ of four) {
            producers.go(produce, ch, n / 4)
            consumers.go(consume, ch, out)
          }
          yield* producers.wait()
          ch.close()
          yield* consumers.wait()
          check(out, n)
        }
        return (n) => go(all, n).join()
      },
      'ours async'({ chan }) {
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) await ch.send(1)
        }
        async function consume(ch, out) {
          for (let m = await ch.receive(); m._tag === 'Some'; m = await ch.receive()) out.sum += m.value
        }
        return async (n) => {
          const ch = chan(16)
          const out = { sum: 0 }
          const consumers = four.map(() => consume(ch, out))
          await Promise.all(four.map(() => produce(ch, n / 4)))
          ch.close()
          await Promise.all(consumers)
          check(out, n)
        }
      },
    },
    floors: {
      gen() {
        function* produce(ch, n) {
          for (let i = 0; i < n; i++) if (!ch.trySend(1)) yield ch.parkSend(1)
          if (--ch.producers === 0) ch.close()
        }
        function* consume(ch, out) {
          for (;;) {
            let v = ch.tryReceive()
            if (v === NONE) v = yield ch.park()
            if (v === CLOSED) return
            out.sum += v
          }
        }
        return (n) => {
          const ch = Object.assign(new GenChan(16), { producers: 4 })
          const out = { sum: 0 }
          for (const _ of four) {
            spawn(produce(ch, n / 4))
            spawn(consume(ch, out))
          }
          drain()
          check(out, n)
        }
      },
      promise() {
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) await ch.send(1)
        }
        async function consume(ch, out) {
          for (let v = await ch.receive(); v !== undefined; v = await ch.receive()) out.sum += v
        }
        return async (n) => {
          const ch = new PromiseChan(16)
          const out = { sum: 0 }
          const consumers = four.map(() => consume(ch, out))
          await Promise.all(four.map(() => produce(ch, n / 4)))
          ch.close()
          await Promise.all(consumers)
          check(out, n)
        }
      },
    },
    peers: {
      async 'async-channel'(peer) {
        const { Channel } = await peer('async-channel')
        return (n) =>
          together(
            n,
            new Channel(16),
            (ch) => ch.push(1),
            (ch) => ch.get(),
          )
      },
      async '@thi.ng/csp'(peer) {
        const { channel } = await peer('@thi.ng/csp')
        return (n) =>
          together(
            n,
            channel(16),
            (ch) => ch.write(1),
            (ch) => ch.read(),
          )
      },
      async medium(peer) {
        const { chan, put, take } = await peer('medium')
        return (n) => together(n, chan(16), (ch) => put(ch, 1), take)
      },
      async 'ts-chan (unsafe)'(peer) {
        const { Chan } = await peer('ts-chan')
        return (n) =>
          together(
            n,
            new Chan(16).setUnsafe(true),
            (ch) => ch.send(1),
            async (ch) => (await ch.recv()).value,
          )
      },
      async effect(peer) {
        const { Effect, Queue, Fiber } = await peer('effect')
        const all = Effect.fnUntraced(function* (n) {
          const ch = yield* Queue.bounded(16)
          const out = { sum: 0 }
          const fibers = []
          for (const _ of four) {
            fibers.push(
              yield* Effect.forkChild(
                Effect.gen(function* () {
                  for (let i = 0; i < n / 4; i++) yield* Queue.offer(ch, 1)
                }),
              ),
            )
            fibers.push(
              yield* Effect.forkChild(
                Effect.gen(function* () {
                  for (let i = 0; i < n / 4; i++) add(out, yield* Queue.take(ch))
                }),
              ),
            )
          }
          yield* Fiber.joinAll(fibers)
          check(out, n)
        })
        return async (n) => void (await Effect.runPromise(all(n)))
      },
    },
  },
]

/** For peers: each consumer takes its share, since not every library's channel ends its receivers. */
async function together(n, ch, send, receive) {
  const out = { sum: 0 }
  async function produce() {
    for (let i = 0; i < n / 4; i++) await send(ch)
  }
  async function consume() {
    for (let i = 0; i < n / 4; i++) add(out, await receive(ch))
  }
  await Promise.all(four.flatMap(() => [produce(), consume()]))
  check(out, n)
}

/** `out.sum += await …` would read the sum before it waits. */
function add(out, value) {
  out.sum += value
}

function check(out, n) {
  if (out.sum !== n) throw new Error(`an item was lost: ${out.sum}`)
}
