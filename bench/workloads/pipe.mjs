// One producer, one consumer, one channel: an item. Unbuffered, and with capacity 128.
import { PassThrough } from 'node:stream'
import { once } from 'node:events'
import { GenChan, PromiseChan, NONE, CLOSED, spawn, drain } from '../floors.mjs'

export const workloads = [
  {
    ...pipe(0),
    name: 'pipe',
    title: 'pipe, unbuffered, an item',
    n: 200_000,
    targets: [
      ['ours', 'go', 0.6],
      ['ours async', 'promise', 2.5],
    ],
  },
  {
    ...pipe(128),
    name: 'pipe128',
    title: 'pipe, capacity 128, by range, an item',
    n: 200_000,
    targets: [
      ['ours', 'go', 0.9],
      ['ours async', 'promise', 2.5],
    ],
  },
]

function pipe(capacity) {
  return {
    unit: 'ns',
    ours: {
      ours({ go, chan, range }) {
        function* produce(ch, n) {
          for (let i = 0; i < n; i++) yield* ch.send(i)
          ch.close()
        }
        function* consume(n) {
          const ch = chan(capacity)
          go(produce, ch, n)
          let sum = 0
          for (const it = range(ch); yield* it.next();) sum += it.value
          check(sum, n)
        }
        return (n) => go(consume, n).join()
      },
      'ours async'({ chan }) {
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) await ch.send(i)
          ch.close()
        }
        return async (n) => {
          const ch = chan(capacity)
          produce(ch, n)
          let sum = 0
          for (let m = await ch.receive(); m._tag === 'Some'; m = await ch.receive()) sum += m.value
          check(sum, n)
        }
      },
      'ours for await'({ chan }) {
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) await ch.send(i)
          ch.close()
        }
        return async (n) => {
          const ch = chan(capacity)
          produce(ch, n)
          let sum = 0
          for await (const v of ch) sum += v
          check(sum, n)
        }
      },
    },
    floors: {
      gen() {
        function* produce(ch, n) {
          for (let i = 0; i < n; i++) if (!ch.trySend(i)) yield ch.parkSend(i)
          ch.close()
        }
        function* consume(n) {
          const ch = new GenChan(capacity)
          spawn(produce(ch, n))
          let sum = 0
          for (;;) {
            let v = ch.tryReceive()
            if (v === NONE) v = yield ch.park()
            if (v === CLOSED) break
            sum += v
          }
          check(sum, n)
        }
        return (n) => {
          spawn(consume(n))
          drain()
        }
      },
      promise() {
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) await ch.send(i)
          ch.close()
        }
        return async (n) => {
          const ch = new PromiseChan(capacity)
          produce(ch, n)
          let sum = 0
          for (let v = await ch.receive(); v !== undefined; v = await ch.receive()) sum += v
          check(sum, n)
        }
      },
      'promise (only if it must)'() {
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) if (!ch.trySend(i)) await ch.send(i)
          ch.close()
        }
        return async (n) => {
          const ch = new PromiseChan(capacity)
          produce(ch, n)
          let sum = 0
          for (;;) {
            let v = ch.tryReceive()
            if (v === NONE) v = await ch.receive()
            if (v === undefined) break
            sum += v
          }
          check(sum, n)
        }
      },
    },
    platform: {
      ...(capacity === 0 && {
        'async generator'() {
          async function* produce(n) {
            for (let i = 0; i < n; i++) yield i
          }
          return async (n) => {
            let sum = 0
            for await (const v of produce(n)) sum += v
            check(sum, n)
          }
        },
      }),
      PassThrough() {
        async function produce(stream, n) {
          for (let i = 0; i < n; i++) if (!stream.write(i)) await once(stream, 'drain')
          stream.end()
        }
        return async (n) => {
          const stream = new PassThrough({ objectMode: true, highWaterMark: Math.max(1, capacity) })
          produce(stream, n)
          let sum = 0
          for await (const v of stream) sum += v
          check(sum, n)
        }
      },
      'web stream'() {
        async function produce(writable, n) {
          const writer = writable.getWriter()
          for (let i = 0; i < n; i++) {
            await writer.ready
            writer.write(i)
          }
          await writer.close()
        }
        return async (n) => {
          const { readable, writable } = new TransformStream({}, { highWaterMark: Math.max(1, capacity) })
          produce(writable, n)
          let sum = 0
          for await (const v of readable) sum += v
          check(sum, n)
        }
      },
    },
    peers: {
      async medium(peer) {
        const { chan, put, take, close, CLOSED } = await peer('medium')
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) await put(ch, i)
          close(ch)
        }
        return async (n) => {
          const ch = chan(capacity || undefined)
          produce(ch, n)
          let sum = 0
          for (let v = await take(ch); v !== CLOSED; v = await take(ch)) sum += v
          check(sum, n)
        }
      },
      // Its write waits for the reader whatever the buffer holds.
      async '@thi.ng/csp'(peer) {
        const { channel } = await peer('@thi.ng/csp')
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) await ch.write(i)
          ch.close()
        }
        return async (n) => {
          const ch = channel(capacity || 1)
          produce(ch, n)
          let sum = 0
          for (let v = await ch.read(); v !== undefined; v = await ch.read()) sum += v
          check(sum, n)
        }
      },
      async 'async-channel'(peer) {
        const { Channel } = await peer('async-channel')
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) await ch.push(i)
          ch.close()
        }
        return async (n) => {
          const ch = new Channel(capacity)
          produce(ch, n)
          let sum = 0
          for (let i = 0; i < n; i++) sum += await ch.get() // a third of what its iterator takes
          check(sum, n)
        }
      },
      async 'ts-chan (unsafe)'(peer) {
        const { Chan } = await peer('ts-chan')
        async function produce(ch, n) {
          for (let i = 0; i < n; i++) await ch.send(i)
          ch.close()
        }
        return async (n) => {
          const ch = new Chan(capacity).setUnsafe(true)
          produce(ch, n)
          let sum = 0
          for (let r = await ch.recv(); !r.done; r = await ch.recv()) sum += r.value
          check(sum, n)
        }
      },
      async effect(peer) {
        const { Effect, Queue } = await peer('effect')
        const consume = Effect.fnUntraced(function* (n) {
          const ch = yield* Queue.bounded(capacity)
          yield* Effect.forkChild(
            Effect.gen(function* () {
              for (let i = 0; i < n; i++) yield* Queue.offer(ch, i)
            }),
          )
          let sum = 0
          for (let i = 0; i < n; i++) sum += yield* Queue.take(ch)
          check(sum, n)
        })
        return async (n) => void (await Effect.runPromise(consume(n)))
      },
    },
  }
}

function check(sum, n) {
  if (sum !== (n * (n - 1)) / 2) throw new Error(`an item was lost: ${sum}`)
}
