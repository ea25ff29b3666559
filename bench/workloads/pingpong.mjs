// Two unbuffered channels, a round trip.
import { GenChan, PromiseChan, NONE, CLOSED, spawn, drain } from '../floors.mjs'

export const workloads = [
  {
    name: 'pingpong',
    title: 'ping-pong over two unbuffered channels, a round trip',
    unit: 'ns',
    n: 100_000,
    targets: [
      ['ours', 'go', 0.6],
      ['ours async', 'promise', 2.5],
    ],
    ours: {
      ours({ go, chan, range }) {
        function* echo(ping, pong) {
          for (const it = range(ping); yield* it.next();) yield* pong.send(it.value)
        }
        function* play(n) {
          const ping = chan()
          const pong = chan()
          go(echo, ping, pong)
          for (let i = 0; i < n; i++) {
            yield* ping.send(i)
            yield* pong.receive()
          }
          ping.close()
        }
        return (n) => go(play, n).join()
      },
      'ours async'({ chan }) {
        async function echo(ping, pong) {
          for (let m = await ping.receive(); m._tag === 'Some'; m = await ping.receive()) await pong.send(m.value)
        }
        return async (n) => {
          const ping = chan()
          const pong = chan()
          echo(ping, pong)
          for (let i = 0; i < n; i++) {
            await ping.send(i)
            await pong.receive()
          }
          ping.close()
        }
      },
    },
    floors: {
      gen() {
        function* echo(ping, pong) {
          for (;;) {
            let v = ping.tryReceive()
            if (v === NONE) v = yield ping.park()
            if (v === CLOSED) return
            if (!pong.trySend(v)) yield pong.parkSend(v)
          }
        }
        function* play(n) {
          const ping = new GenChan()
          const pong = new GenChan()
          spawn(echo(ping, pong))
          for (let i = 0; i < n; i++) {
            if (!ping.trySend(i)) yield ping.parkSend(i)
            if (pong.tryReceive() === NONE) yield pong.park()
          }
          ping.close()
        }
        return (n) => {
          spawn(play(n))
          drain()
        }
      },
      promise() {
        async function echo(ping, pong) {
          for (let v = await ping.receive(); v !== undefined; v = await ping.receive()) await pong.send(v)
        }
        return async (n) => {
          const ping = new PromiseChan()
          const pong = new PromiseChan()
          echo(ping, pong)
          for (let i = 0; i < n; i++) {
            await ping.send(i)
            await pong.receive()
          }
          ping.close()
        }
      },
    },
    peers: {
      async medium(peer) {
        const { chan, put, take, close, CLOSED } = await peer('medium')
        async function echo(ping, pong) {
          for (let v = await take(ping); v !== CLOSED; v = await take(ping)) await put(pong, v)
        }
        return async (n) => {
          const ping = chan()
          const pong = chan()
          echo(ping, pong)
          for (let i = 0; i < n; i++) {
            await put(ping, i)
            await take(pong)
          }
          close(ping)
        }
      },
      async '@thi.ng/csp'(peer) {
        const { channel } = await peer('@thi.ng/csp')
        async function echo(ping, pong) {
          for (let v = await ping.read(); v !== undefined; v = await ping.read()) await pong.write(v)
        }
        return async (n) => {
          const ping = channel()
          const pong = channel()
          echo(ping, pong)
          for (let i = 0; i < n; i++) {
            await ping.write(i)
            await pong.read()
          }
          ping.close()
        }
      },
      async 'async-channel'(peer) {
        const { Channel } = await peer('async-channel')
        async function echo(ping, pong) {
          for (;;) await pong.push(await ping.get())
        }
        return async (n) => {
          const ping = new Channel()
          const pong = new Channel()
          echo(ping, pong)
          for (let i = 0; i < n; i++) {
            await ping.push(i)
            await pong.get()
          }
        }
      },
      'ts-chan (unsafe)': (peer) => tsChan(peer, true),
      'ts-chan': (peer) => tsChan(peer, false),
      async 'rxjs asap'(peer) {
        const { Subject, observeOn, asapScheduler } = await peer('rxjs')
        return (n) =>
          new Promise((resolve) => {
            const ping = new Subject()
            const pong = new Subject()
            ping.pipe(observeOn(asapScheduler)).subscribe((v) => pong.next(v))
            pong.pipe(observeOn(asapScheduler)).subscribe((v) => (v < n ? ping.next(v + 1) : resolve()))
            ping.next(1)
          })
      },
      async effect(peer) {
        const { Effect, Queue, Fiber } = await peer('effect')
        const play = Effect.fnUntraced(function* (n) {
          const ping = yield* Queue.bounded(0)
          const pong = yield* Queue.bounded(0)
          const echo = yield* Effect.forkChild(
            Effect.gen(function* () {
              for (;;) yield* Queue.offer(pong, yield* Queue.take(ping))
            }),
          )
          for (let i = 0; i < n; i++) {
            yield* Queue.offer(ping, i)
            yield* Queue.take(pong)
          }
          yield* Fiber.interrupt(echo)
        })
        return async (n) => void (await Effect.runPromise(play(n)))
      },
      async effection(peer) {
        const { run, spawn, createQueue } = await peer('effection')
        return (n) =>
          run(function* () {
            const ping = createQueue()
            const pong = createQueue()
            yield* spawn(function* () {
              for (let next = yield* ping.next(); !next.done; next = yield* ping.next()) pong.add(next.value)
            })
            for (let i = 0; i < n; i++) {
              ping.add(i)
              yield* pong.next()
            }
            ping.close()
          })
      },
      async 'js-csp'(peer) {
        const { go, chan, put, take, CLOSED } = (await peer('js-csp')).default
        function* echo(ping, pong) {
          for (let v = yield take(ping); v !== CLOSED; v = yield take(ping)) yield put(pong, v)
        }
        return (n) =>
          new Promise((resolve) => {
            const ping = chan()
            const pong = chan()
            go(echo, [ping, pong])
            go(function* () {
              for (let i = 0; i < n; i++) {
                yield put(ping, i)
                yield take(pong)
              }
              ping.close()
              resolve()
            })
          })
      },
    },
  },
]

async function tsChan(peer, unsafe) {
  const { Chan } = await peer('ts-chan')
  async function echo(ping, pong) {
    for (let r = await ping.recv(); !r.done; r = await ping.recv()) await pong.send(r.value)
  }
  return async (n) => {
    const ping = new Chan().setUnsafe(unsafe)
    const pong = new Chan().setUnsafe(unsafe)
    echo(ping, pong)
    for (let i = 0; i < n; i++) {
      await ping.send(i)
      await pong.recv()
    }
    ping.close()
  }
}
