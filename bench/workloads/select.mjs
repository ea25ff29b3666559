// select over ready channels (unbuffered, a producer parked on each), and select that has to park.
import { GenChan, PromiseChan, promiseSelect, NONE, spawn, wake, self, drain } from '../floors.mjs'

export const workloads = [
  {
    ...over(2),
    name: 'select2',
    title: 'select over 2 ready channels, written anew each time',
    n: 100_000,
    targets: [
      ['ours', 'go', 0.75],
      ['ours async', 'promise', 2.5],
    ],
  },
  { ...over(8), name: 'select8', title: 'select over 8 ready channels', n: 50_000, targets: [['ours', 'go', 0.5]] },
  { ...over(64), name: 'select64', title: 'select over 64 ready channels, array form', n: 10_000, targets: [['ours', 'go', 0.15]] },
  parking(),
]

function over(count) {
  const times = (make) => Array.from({ length: count }, make)
  return {
    unit: 'ns',
    ours: {
      ours({ go, chan, select }) {
        const chans = times(() => chan())
        for (const ch of chans) go(produce, ch)
        const consume = { 2: consume2, 8: consume8, 64: consume64 }[count](select)
        return (n) => go(consume, n, chans).join()
      },
      'ours (kept in a variable)'({ go, chan, select }) {
        const chans = times(() => chan())
        for (const ch of chans) go(produce, ch)
        const cases = count === 64 ? chans.map((ch) => ch.receive()) : Object.fromEntries(chans.map((ch, i) => [`c${i}`, ch.receive()]))
        function* consume(n) {
          const any = select(cases)
          let sum = 0
          for (let i = 0; i < n; i++) {
            const r = yield* any
            if (r.value._tag === 'Some') sum += r.value.value
          }
          return use(sum)
        }
        return (n) => go(consume, n).join()
      },
      'ours async'({ go, chan, select }) {
        const chans = times(() => chan())
        for (const ch of chans) go(produce, ch)
        const make = count === 2 ? ([a, b]) => ({ a: a.receive(), b: b.receive() }) : (all) => all.map((ch) => ch.receive())
        return async (n) => {
          let sum = 0
          for (let i = 0; i < n; i++) {
            const r = await select(make(chans))
            if (r.value._tag === 'Some') sum += r.value.value
          }
          return use(sum)
        }
      },
    },
    floors: {
      gen() {
        const chans = times(() => new GenChan())
        function* produceGen(ch) {
          for (let i = 0; ; i++) if (!ch.trySend(i)) yield ch.parkSend(i)
        }
        for (const ch of chans) spawn(produceGen(ch))
        function take() {
          let i = (Math.random() * count) | 0
          let v = NONE
          for (let k = 0; k < count && v === NONE; k++, i = i + 1 === count ? 0 : i + 1) v = chans[i].tryReceive()
          return v
        }
        function* consume(n) {
          let sum = 0
          for (let i = 0; i < n; i++) {
            let v
            while ((v = take()) === NONE) {
              wake(self())
              yield
            }
            sum += v
          }
          return use(sum)
        }
        return (n) => {
          spawn(consume(n))
          drain()
        }
      },
      promise() {
        const chans = times(() => new PromiseChan())
        for (const ch of chans) forever((i) => ch.send(i))
        return async (n) => {
          let sum = 0
          for (let i = 0; i < n; i++) sum += (await promiseSelect(chans))[1]
          return use(sum)
        }
      },
    },
    peers: {
      async medium(peer) {
        const { chan, put, any } = await peer('medium')
        const chans = times(() => chan())
        for (const ch of chans) forever((i) => put(ch, i))
        return async (n) => {
          let sum = 0
          for (let i = 0; i < n; i++) sum += (await any(...chans))[0]
          return use(sum)
        }
      },
      async '@thi.ng/csp'(peer) {
        const { channel, select } = await peer('@thi.ng/csp')
        const chans = times(() => channel())
        for (const ch of chans) forever((i) => ch.write(i))
        return async (n) => {
          let sum = 0
          for (let i = 0; i < n; i++) sum += (await select(...chans))[0]
          return use(sum)
        }
      },
      'ts-chan (unsafe)': (peer) => tsChan(peer, true),
      'ts-chan': (peer) => tsChan(peer, false),
      async effect(peer) {
        const { Effect, Queue } = await peer('effect')
        const consume = Effect.fnUntraced(function* (n) {
          const queues = yield* Effect.forEach(
            times(() => 0),
            () => Queue.bounded(1),
          )
          for (const q of queues) yield* Effect.forkChild(Effect.forever(Queue.offer(q, 1)))
          const any = Effect.raceAllFirst(queues.map(Queue.take))
          let sum = 0
          for (let i = 0; i < n; i++) sum += yield* any
          return use(sum)
        })
        return async (n) => {
          const fewer = Math.ceil(n / 10)
          await Effect.runPromise(consume(fewer))
          return fewer
        }
      },
      ...(count < 64 && {
        async 'js-csp'(peer) {
          const { go, chan, put, alts } = (await peer('js-csp')).default
          const chans = times(() => chan())
          for (const ch of chans)
            go(function* () {
              for (let i = 0; ; i++) yield put(ch, i)
            })
          return (n) =>
            new Promise((resolve) => {
              go(function* () {
                let sum = 0
                for (let i = 0; i < n; i++) sum += (yield alts(chans)).value
                resolve(use(sum))
              })
            })
        },
      }),
    },
  }

  async function tsChan(peer, unsafe) {
    const { Chan, Select, recv } = await peer('ts-chan')
    const chans = times(() => new Chan().setUnsafe(unsafe))
    for (const ch of chans) forever((i) => ch.send(i))
    return async (n) => {
      const cases = chans.map((ch) => recv(ch))
      const select = new Select(cases).setUnsafe(unsafe)
      let sum = 0
      for (let i = 0; i < n; i++) sum += select.recv(cases[await select.wait()]).value
      return use(sum)
    }
  }
}

function* produce(ch) {
  for (let i = 0; ; i++) yield* ch.send(i)
}

const consume2 = (select) =>
  function* (n, [a, b]) {
    let sum = 0
    for (let i = 0; i < n; i++) {
      const r = yield* select({ a: a.receive(), b: b.receive() })
      const m = r.value
      switch (r.case) {
        case 'a':
          if (m._tag === 'Some') sum += m.value
          break
        case 'b':
          if (m._tag === 'Some') sum -= m.value
          break
      }
    }
    return use(sum)
  }

const consume8 = (select) =>
  function* (n, [a, b, c, d, e, f, g, h]) {
    let sum = 0
    for (let i = 0; i < n; i++) {
      const r = yield* select({
        a: a.receive(),
        b: b.receive(),
        c: c.receive(),
        d: d.receive(),
        e: e.receive(),
        f: f.receive(),
        g: g.receive(),
        h: h.receive(),
      })
      const m = r.value
      switch (r.case) {
        case 'a':
        case 'b':
        case 'c':
        case 'd':
          if (m._tag === 'Some') sum += m.value
          break
        default:
          if (m._tag === 'Some') sum -= m.value
      }
    }
    return use(sum)
  }

const consume64 = (select) =>
  function* (n, chans) {
    let sum = 0
    for (let i = 0; i < n; i++) {
      const r = yield* select(chans.map((ch) => ch.receive()))
      if (r.value._tag === 'Some') sum += r.value.value + r.case
    }
    return use(sum)
  }

/** Both channels are empty whenever the select is reached: a round trip with a select at one end. */
function parking() {
  return {
    name: 'select-park',
    title: 'select that parks on 2 channels, and the answer',
    unit: 'ns',
    n: 100_000,
    ours: {
      ours({ go, chan, select }) {
        function* produce(n, a, b, ack) {
          for (let i = 0; i < n; i++) {
            if (i % 2 === 0) yield* a.send(i)
            else yield* b.send(i)
            yield* ack.receive()
          }
        }
        function* consume(n) {
          const a = chan()
          const b = chan()
          const ack = chan()
          go(produce, n, a, b, ack)
          let sum = 0
          for (let i = 0; i < n; i++) {
            const r = yield* select({ a: a.receive(), b: b.receive() })
            const m = r.value
            switch (r.case) {
              case 'a':
                if (m._tag === 'Some') sum += m.value
                break
              case 'b':
                if (m._tag === 'Some') sum -= m.value
                break
            }
            yield* ack.send(i)
          }
          return use(sum)
        }
        return (n) => go(consume, n).join()
      },
    },
    floors: {
      promise: () =>
        alternate(
          () => new PromiseChan(),
          (ch, v) => ch.send(v),
          (ch) => ch.receive(),
          async (a, b) => (await promiseSelect([a, b]))[1],
        ),
    },
    peers: {
      async medium(peer) {
        const { chan, put, take, any } = await peer('medium')
        return alternate(chan, put, take, async (a, b) => (await any(a, b))[0])
      },
      async 'ts-chan (unsafe)'(peer) {
        const { Chan, Select, recv } = await peer('ts-chan')
        return alternate(
          () => new Chan().setUnsafe(true),
          (ch, v) => ch.send(v),
          (ch) => ch.recv(),
          async (a, b) => {
            const cases = [recv(a), recv(b)]
            const select = new Select(cases).setUnsafe(true)
            return select.recv(cases[await select.wait()]).value
          },
        )
      },
      async effect(peer) {
        const { Effect, Queue } = await peer('effect')
        const consume = Effect.fnUntraced(function* (n) {
          const [a, b, ack] = yield* Effect.forEach([0, 1, 2], () => Queue.bounded(1))
          yield* Effect.forkChild(
            Effect.gen(function* () {
              for (let i = 0; i < n; i++) {
                yield* Queue.offer(i % 2 === 0 ? a : b, i)
                yield* Queue.take(ack)
              }
            }),
          )
          let sum = 0
          for (let i = 0; i < n; i++) {
            sum += yield* Effect.raceFirst(Queue.take(a), Queue.take(b))
            yield* Queue.offer(ack, i)
          }
          return use(sum)
        })
        return async (n) => {
          const fewer = n / 10
          await Effect.runPromise(consume(fewer))
          return fewer
        }
      },
    },
  }
}

function alternate(make, send, receive, either) {
  return async (n) => {
    const a = make()
    const b = make()
    const ack = make()
    void (async () => {
      for (let i = 0; i < n; i++) {
        await send(i % 2 === 0 ? a : b, i)
        await receive(ack)
      }
    })()
    let sum = 0
    for (let i = 0; i < n; i++) {
      sum += await either(a, b)
      await send(ack, i)
    }
    return use(sum)
  }
}

async function forever(send) {
  for (let i = 0; ; i++) await send(i)
}

/** Exported, so that what was received is not computed for nothing. */
export let used
function use(value) {
  used = value
}
