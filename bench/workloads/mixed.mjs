// A program that uses ten kinds of operations: an operation of each kind there, beside the same in a program that uses nothing else. The
// inline caches that all operations share have seen ten classes there.
const TRAINING = 20_000 // operations of each kind, twice

/** For each kind a goroutine that performs n operations. */
function kindsOf({ background, chan, go, gosched, mutex, range, rwMutex, select, semaphore, waitGroup, withCancel }) {
  function* produce(ch, n) {
    for (let i = 0; i < n; i++) yield* ch.send(i)
    ch.close()
  }
  function* consume(ch, n) {
    go(produce, ch, n)
    let sum = 0
    for (const it = range(ch); yield* it.next();) sum += it.value
    if (sum !== (n * (n - 1)) / 2) throw new Error(`an item was lost: ${sum}`)
  }
  function* nothing() {}
  return {
    *mutex(n) {
      const mu = mutex()
      for (let i = 0; i < n; i++) {
        yield* mu.lock()
        mu.unlock()
      }
    },
    *semaphore(n) {
      const permits = semaphore(10)
      for (let i = 0; i < n; i++) {
        yield* permits.acquire()
        permits.release()
      }
    },
    *rwmutex(n) {
      const rw = rwMutex()
      for (let i = 0; i < n; i++) {
        yield* rw.rLock()
        rw.rUnlock()
      }
    },
    *pipe(n) {
      yield* consume(chan(), n)
    },
    *pipe128(n) {
      yield* consume(chan(128), n)
    },
    *select(n) {
      const [full, quiet] = [chan(1), chan()]
      const cases = select({ full: full.receive(), quiet: quiet.receive() })
      for (let i = 0; i < n; i++) {
        full.trySend(i)
        yield* cases
      }
    },
    *gosched(n) {
      for (let i = 0; i < n; i++) yield* gosched()
    },
    *join(n) {
      for (let i = 0; i < n; i++) yield* go(nothing).join()
    },
    *waitGroup(n) {
      const wg = waitGroup()
      for (let i = 0; i < n; i++) yield* wg.wait()
    },
    *within(n) {
      const ctx = withCancel(background)
      const full = chan(1)
      const receive = full.receive().within(ctx)
      for (let i = 0; i < n; i++) {
        full.trySend(i)
        yield* receive
      }
    },
  }
}

const names = Object.keys(kindsOf({}))

const alone = (name) => (millrace) => {
  const kind = kindsOf(millrace)[name]
  return (n) => millrace.go(kind, n).join()
}

const mixed = (name) => async (millrace) => {
  const kinds = kindsOf(millrace)
  for (let round = 0; round < 2; round++) for (const kind of Object.values(kinds)) await millrace.go(kind, TRAINING).join()
  return (n) => millrace.go(kinds[name], n).join()
}

export const workloads = [
  {
    name: 'mixed',
    title: 'an operation in a program that uses ten kinds, beside the same in a program of its own',
    unit: 'ns',
    n: 100_000,
    go: {},
    targets: names.map((name) => [`ours, ${name} mixed`, `ours, ${name} alone`, 1.1]),
    ours: Object.fromEntries(
      names.flatMap((name) => [
        [`ours, ${name} alone`, alone(name)],
        [`ours, ${name} mixed`, mixed(name)],
      ]),
    ),
  },
]
