// Many goroutines in a chain: the prime sieve, and a token that goes round a ring.
import { GenChan, PromiseChan, NONE, CLOSED, spawn, drain } from '../floors.mjs'

const nodes = 1000
const thousandthPrime = 7919

const sieve = {
  name: 'sieve',
  title: 'prime sieve, 1,000 primes',
  unit: 'ms',
  n: 1000,
  ops: 1,
  targets: [['ours', 'go', 0.6]],
  ours: {
    ours({ go, chan, range }) {
      function* numbers(out) {
        for (let i = 2; ; i++) yield* out.send(i)
      }
      function* filter(input, out, prime) {
        for (const it = range(input); yield* it.next();) if (it.value % prime !== 0) yield* out.send(it.value)
      }
      function* primes(n) {
        let ch = chan()
        go(numbers, ch)
        let prime = 0
        for (let i = 0; i < n; i++) {
          const m = yield* ch.receive()
          if (m._tag === 'Some') prime = m.value
          const next = chan()
          go(filter, ch, next, prime)
          ch = next
        }
        check(prime)
      }
      return (n) => go(primes, n).join()
    },
  },
  floors: {
    gen() {
      function* numbers(out) {
        for (let i = 2; ; i++) if (!out.trySend(i)) yield out.parkSend(i)
      }
      function* filter(input, out, prime) {
        for (;;) {
          let v = input.tryReceive()
          if (v === NONE) v = yield input.park()
          if (v % prime !== 0 && !out.trySend(v)) yield out.parkSend(v)
        }
      }
      function* primes(n) {
        let ch = new GenChan()
        spawn(numbers(ch))
        let prime = 0
        for (let i = 0; i < n; i++) {
          prime = ch.tryReceive()
          if (prime === NONE) prime = yield ch.park()
          const next = new GenChan()
          spawn(filter(ch, next, prime))
          ch = next
        }
        check(prime)
      }
      return (n) => {
        spawn(primes(n))
        drain()
      }
    },
    promise: () =>
      sieveWith(
        () => new PromiseChan(),
        (ch, v) => ch.send(v),
        (ch) => ch.receive(),
      ),
  },
  peers: {
    async '@thi.ng/csp'(peer) {
      const { channel } = await peer('@thi.ng/csp')
      return sieveWith(
        channel,
        (ch, v) => ch.write(v),
        (ch) => ch.read(),
      )
    },
    async medium(peer) {
      const { chan, put, take } = await peer('medium')
      return sieveWith(chan, put, take)
    },
    async 'async-channel'(peer) {
      const { Channel } = await peer('async-channel')
      return sieveWith(
        () => new Channel(),
        (ch, v) => ch.push(v),
        (ch) => ch.get(),
      )
    },
    async 'ts-chan (unsafe)'(peer) {
      const { Chan } = await peer('ts-chan')
      return sieveWith(
        () => new Chan().setUnsafe(true),
        (ch, v) => ch.send(v),
        async (ch) => (await ch.recv()).value,
      )
    },
    async effect(peer) {
      const { Effect, Queue, Fiber } = await peer('effect')
      const primes = Effect.fnUntraced(function* (n) {
        const fibers = []
        let ch = yield* Queue.bounded(1)
        const first = ch
        fibers.push(
          yield* Effect.forkChild(
            Effect.gen(function* () {
              for (let i = 2; ; i++) yield* Queue.offer(first, i)
            }),
          ),
        )
        let prime = 0
        for (let i = 0; i < n; i++) {
          prime = yield* Queue.take(ch)
          const input = ch
          const out = yield* Queue.bounded(1)
          const p = prime
          fibers.push(
            yield* Effect.forkChild(
              Effect.gen(function* () {
                for (;;) {
                  const v = yield* Queue.take(input)
                  if (v % p !== 0) yield* Queue.offer(out, v)
                }
              }),
            ),
          )
          ch = out
        }
        check(prime)
        yield* Fiber.interruptAll(fibers)
      })
      return async (n) => void (await Effect.runPromise(primes(n)))
    },
  },
}

const ring = {
  name: 'ring',
  title: 'a token round a ring of 1,000, a hop',
  unit: 'ns',
  n: 200_000,
  targets: [['ours', 'go', 0.6]],
  ours: {
    ours({ go, chan, range }) {
      function* hop(input, out, done) {
        for (const it = range(input); yield* it.next();) {
          if (it.value === 0) {
            done.close()
            break
          }
          yield* out.send(it.value - 1)
        }
        out.close()
      }
      function* round(n) {
        const done = chan()
        const first = chan()
        let input = first
        for (let i = 1; i < nodes; i++) {
          const out = chan()
          go(hop, input, out, done)
          input = out
        }
        go(hop, input, first, done)
        yield* first.send(n)
        yield* done.receive()
      }
      return (n) => go(round, n).join()
    },
  },
  floors: {
    gen() {
      function* hop(input, out) {
        for (;;) {
          let v = input.tryReceive()
          if (v === NONE) v = yield input.park()
          if (v === 0 || v === CLOSED) break
          if (!out.trySend(v - 1)) yield out.parkSend(v - 1)
        }
        out.close()
      }
      return (n) => {
        const chans = Array.from({ length: nodes }, () => new GenChan())
        chans.forEach((ch, i) => spawn(hop(ch, chans[(i + 1) % nodes])))
        drain()
        chans[0].trySend(n)
        drain()
      }
    },
    promise: () =>
      ringWith(
        () => new PromiseChan(),
        (ch, v) => ch.send(v),
        (ch) => ch.receive(),
      ),
  },
  peers: {
    async medium(peer) {
      const { chan, put, take } = await peer('medium')
      return ringWith(chan, put, take)
    },
    async '@thi.ng/csp'(peer) {
      const { channel } = await peer('@thi.ng/csp')
      return ringWith(
        channel,
        (ch, v) => ch.write(v),
        (ch) => ch.read(),
      )
    },
    async 'async-channel'(peer) {
      const { Channel } = await peer('async-channel')
      return ringWith(
        () => new Channel(),
        (ch, v) => ch.push(v),
        (ch) => ch.get(),
      )
    },
    async 'ts-chan (unsafe)'(peer) {
      const { Chan } = await peer('ts-chan')
      return ringWith(
        () => new Chan().setUnsafe(true),
        (ch, v) => ch.send(v),
        async (ch) => (await ch.recv()).value,
      )
    },
    async effect(peer) {
      const { Effect, Queue, Fiber } = await peer('effect')
      const round = Effect.fnUntraced(function* (n) {
        const queues = yield* Effect.forEach(Array.from({ length: nodes }), () => Queue.bounded(1))
        const done = yield* Queue.bounded(1)
        const fibers = []
        for (let i = 0; i < nodes; i++) {
          const input = queues[i]
          const out = queues[(i + 1) % nodes]
          fibers.push(
            yield* Effect.forkChild(
              Effect.gen(function* () {
                for (;;) {
                  const v = yield* Queue.take(input)
                  yield* v === 0 ? Queue.offer(done, 0) : Queue.offer(out, v - 1)
                }
              }),
            ),
          )
        }
        yield* Queue.offer(queues[0], n)
        yield* Queue.take(done)
        yield* Fiber.interruptAll(fibers)
      })
      return async (n) => void (await Effect.runPromise(round(n)))
    },
  },
}

export const workloads = [sieve, ring]

/** What is left of the chain waits for ever and is collected. */
function sieveWith(make, send, receive) {
  async function filter(input, out, prime) {
    for (;;) {
      const v = await receive(input)
      if (v % prime !== 0) await send(out, v)
    }
  }
  return async (n) => {
    const first = make()
    void endless((v) => send(first, v))
    let ch = first
    let prime = 0
    for (let i = 0; i < n; i++) {
      prime = await receive(ch)
      const next = make()
      void filter(ch, next, prime)
      ch = next
    }
    check(prime)
  }
}

function ringWith(make, send, receive) {
  async function hop(input, out, finish) {
    for (;;) {
      const v = await receive(input)
      if (v === 0) return finish()
      await send(out, v - 1)
    }
  }
  return (n) =>
    new Promise((resolve) => {
      const chans = Array.from({ length: nodes }, () => make())
      chans.forEach((ch, i) => void hop(ch, chans[(i + 1) % nodes], resolve))
      void send(chans[0], n)
    })
}

async function endless(send) {
  for (let i = 2; ; i++) await send(i)
}

function check(prime) {
  if (prime !== thousandthPrime) throw new Error(`not the thousandth prime: ${prime}`)
}
