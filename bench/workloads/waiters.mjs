// 10 against 100,000 goroutines that wait on one channel: what an operation there costs must not depend on how many wait.
const counts = { 10: '10', '100,000': '100k' }
const each = (make) => Object.fromEntries(Object.keys(counts).map((label) => [`ours (${label})`, make(Number(label.replace(',', '')))]))
const go = (name) => Object.fromEntries(Object.entries(counts).map(([label, suffix]) => [`go (${label})`, name + suffix]))

export const workloads = [
  {
    name: 'waiters',
    title: 'a send wakes the first of 10 or 100,000 receivers, who waits again at the end',
    unit: 'ns',
    n: 100_000,
    go: go('waiters'),
    targets: [['ours (100,000)', 'ours (10)', 1.5]],
    ours: each((count) => ({ go, chan, range, gosched }) => {
      let received = 0
      function* wait(ch) {
        for (const it = range(ch); yield* it.next();) received++
      }
      function* serve(ch, n) {
        received = 0
        for (let i = 0; i < n; i++) {
          yield* ch.send(i)
          yield* gosched()
        }
        if (received !== n) throw new Error(`an item was lost: ${received}`)
      }
      const ch = chan()
      for (let i = 0; i < count; i++) go(wait, ch)
      return (n) => go(serve, ch, n).join()
    }),
  },
  {
    name: 'leave',
    title: 'a select waits beside 10 or 100,000 others, is served elsewhere and leaves',
    unit: 'ns',
    n: 100_000,
    go: go('leave'),
    targets: [['ours (100,000)', 'ours (10)', 1.5]],
    ours: each((count) => ({ go, chan, select }) => {
      function* wait(ch) {
        yield* ch.receive()
      }
      function* serve(busy, ack, n) {
        for (let i = 0; i < n; i++) {
          yield* busy.send(i)
          yield* ack.receive()
        }
      }
      function* choose(quiet, n) {
        const busy = chan()
        const ack = chan()
        go(serve, busy, ack, n)
        let sum = 0
        for (let i = 0; i < n; i++) {
          const r = yield* select({ busy: busy.receive(), quiet: quiet.receive() })
          if (r.value._tag === 'Some') sum += r.value.value
          yield* ack.send(i)
        }
        if (sum !== (n * (n - 1)) / 2) throw new Error(`an item was lost: ${sum}`)
      }
      const quiet = chan()
      for (let i = 0; i < count; i++) go(wait, quiet)
      return (n) => go(choose, quiet, n).join()
    }),
  },
]
