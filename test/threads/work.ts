/** The functions that the tests run on threads. */
import {
  chan,
  contextKey,
  fromPromise,
  go,
  never,
  range,
  select,
  sleep,
  withCancel,
  type Chan,
  type Context,
  type Goroutine,
  type Mutex,
  type Receiver,
  type Semaphore,
  type Sender,
} from '../../src/runtime/index.js'
import {
  moved,
  onThreads,
  thread,
  threadPool,
  type AtomicInteger,
  type AtomicValue,
  type SharedWaitGroup,
} from '../../src/adapters/threads/index.js'

/** Ends the thread in the midst of what it does; a worker of a page goes on with its task after it has closed itself. */
function exitThread(code: number): never {
  if (typeof process === 'object') process.exit(code)
  close()
  for (;;);
}

export const requestId = contextKey<string>('test.requestId', { portable: true })
export const handler = contextKey<unknown>('test.handler', { portable: true })

class OwnError extends RangeError {
  override readonly name = 'OwnError'
  readonly code = 'E_OWN'
}

type Left =
  | { readonly ctx: Context; readonly child: Context; readonly waiter: Goroutine<string> }
  | { readonly ctx: Context; readonly child: null; readonly waiter: null }

let left: Left | null = null
const kept: Uint8Array[] = []
let unwound = 0
let begun = 0

function* takesSome(jobs: Receiver<number>, n: number) {
  for (let i = 0; i < n; i++) yield* jobs.receive()
}

function* takesOne(jobs: Receiver<number>, seen: Int32Array) {
  const message = yield* jobs.receive()
  if (message._tag === 'Some') seen[0] = message.value
}

/** In Node whatever its options; elsewhere where the engine has it. */
const collectGarbage = garbageCollector()

function garbageCollector(): (() => void) | null {
  const { Bun, gc, process } = globalThis as { Bun?: { gc: (isNow: boolean) => void }; gc?: () => void; process?: NodeJS.Process }
  if (Bun !== undefined) return () => Bun.gc(true)
  if (gc !== undefined || process?.getBuiltinModule === undefined || 'Deno' in globalThis) return gc ?? null
  process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc')
  return process.getBuiltinModule('node:vm').runInNewContext('gc') as () => void // by the option
}

export const workUrl = import.meta.url

export const work = onThreads(import.meta, {
  double: (n: number) => 2 * n,
  join: (...parts: string[]) => parts.join('-'),
  sum: (numbers: Float64Array) => numbers.reduce((a, b) => a + b, 0),
  async later(n: number) {
    await Promise.resolve()
    return n
  },
  *steps(n: number) {
    for (let i = 0; i < n; i++) yield* sleep(0)
    return n
  },
  operation: (ms: number) => sleep(ms).map(() => 'slept'),
  echo: (value: unknown) => value,
  bumps(numbers: AtomicInteger<number>, bigints: AtomicInteger<bigint>, value: AtomicValue<number>, times: number) {
    for (let i = 0; i < times; i++) {
      numbers.add(1)
      bigints.add(1n)
      for (let n = value.load(); !value.compareAndSwap(n, n + 1);) n = value.load()
    }
  },
  *deposits(mu: Mutex, account: Float64Array, times: number) {
    for (let i = 0; i < times; i++) {
      using _guard = yield* mu.lock()
      const [balance] = account
      if (i % 8 === 0) yield* sleep(0)
      account[0] = balance + 1
    }
  },
  *visits(room: Semaphore, inside: AtomicInteger<number>, most: AtomicInteger<number>, times: number) {
    for (let i = 0; i < times; i++) {
      using _permit = yield* room.acquire()
      const n = inside.add(1)
      for (let m = most.load(); n > m && !most.compareAndSwap(m, n);) m = most.load()
      if (i % 8 === 0) yield* sleep(0)
      inside.add(-1)
    }
  },
  /** Takes n values, and has the channel no more; runs on until the word is set. */
  *drops(jobs: Receiver<number> | null, n: number, word: Int32Array) {
    yield* takesSome(jobs as Receiver<number>, n)
    jobs = null // a generator that waits keeps its parameters
    Atomics.store(word, 0, 1)
    while (Atomics.load(word, 0) !== 2) {
      collectGarbage?.()
      yield* sleep(1)
    }
  },
  /** No code but its waiter has the channel that it waits at. */
  *waitsAlone(jobs: Receiver<number> | null, word: Int32Array) {
    const seen = new SharedArrayBuffer(4)
    go(takesOne, jobs as Receiver<number>, new Int32Array(seen))
    jobs = null // as above
    for (const view = new Int32Array(seen); view[0] === 0;) {
      collectGarbage?.()
      Atomics.add(word, 0, 1)
      yield* sleep(1)
    }
    return new Int32Array(seen)[0]
  },
  finishes(group: SharedWaitGroup) {
    group.done()
  },
  *exitsWith(mu: Mutex, room: Semaphore, group: SharedWaitGroup) {
    group.add(1)
    yield* mu.lock()
    yield* room.acquire(2)
    exitThread(4)
  },
  stores(value: AtomicValue<string>, times: number) {
    for (let i = 0; i < times; i++) value.store(i % 2 === 0 ? 'a'.repeat(90) : 'b'.repeat(9))
    value.store('end')
  },
  fails(text: string): number {
    throw new TypeError(text, { cause: new OwnError('the cause') })
  },
  ownError() {
    throw new OwnError('own')
  },
  throwsValue(value: unknown) {
    throw value
  },
  result: () => ({ list: [1, { call: () => 1 }] }),
  unclonableError() {
    throw Object.assign(new Error('with a function'), { f: () => 1, code: 7 })
  },
  *waits(began: Int32Array) {
    Atomics.store(began, 0, 1)
    begun++
    try {
      yield* never()
    } finally {
      yield* sleep(0)
      unwound++
    }
  },
  counts: () => ({ begun, unwound }),
  async ends(began: Int32Array, ctx: Context) {
    Atomics.store(began, 0, 1)
    await ctx.done()
    throw errorOf(ctx)
  },
  *returnsAnyway(began: Int32Array, ctx: Context) {
    Atomics.store(began, 0, 1)
    yield* ctx.done()
    return 'returned'
  },
  deadline: (ctx: Context) => ctx.deadline(),
  /** Ends, and leaves its context, a child of that context, and a goroutine that waits for its end. */
  leaves(ctx: Context) {
    const child = withCancel(ctx)
    const waiter = go(function* () {
      yield* ctx.done()
      return ctx.err()._tag
    })
    left = { ctx, child, waiter }
    return [ctx.err()._tag, child.err()._tag]
  },
  leavesOnly(ctx: Context) {
    left = { ctx, child: null, waiter: null }
    return ctx.err()._tag
  },
  /** The first look at the context that was left, and then all others. */
  *looks(first: 'err' | 'cause' | 'done' | 'signal' | 'derived') {
    const { ctx, child, waiter } = left as Left
    const looks = {
      err: () => ctx.err()._tag === 'Some',
      cause: () => ctx.cause()._tag === 'Some',
      *done() {
        yield* ctx.done()
        return true
      },
      signal: () => ctx.signal.aborted,
      derived: () => withCancel(ctx).err()._tag === 'Some',
    }
    const before = first === 'done' ? yield* looks.done() : looks[first]()
    const after = [looks.err(), looks.cause(), yield* looks.done(), looks.signal(), looks.derived()]
    const ofOthers = child === null ? [] : [child.err()._tag === 'Some', (yield* waiter.join()) === 'Some']
    return [before, ...after, ...ofOthers]
  },
  requestId: (ctx: Context) => ctx.value(requestId),
  async failsAfter(began: Int32Array, ctx: Context) {
    Atomics.store(began, 0, 1)
    await ctx.done()
    throw new Error('own failure')
  },
  *cleanUpFails(began: Int32Array) {
    Atomics.store(began, 0, 1)
    try {
      yield* never()
    } finally {
      fails('clean-up failure')
    }
  },
  moves: (length: number) => ({ buffer: moved(new ArrayBuffer(length)) }),
  length: (value: { readonly at: readonly { readonly byteLength: number }[] }) => value.at[0].byteLength,
  *ownThread() {
    return yield* thread(work.counts).join()
  },
  spins(began: Int32Array, ctx: Context) {
    let rounds = 0
    while (ctx.err()._tag === 'None') if (rounds++ === 0) Atomics.store(began, 0, 1)
    return rounds > 0
  },
  async stubborn(began: Int32Array) {
    Atomics.store(began, 0, 1)
    await new Promise(() => {})
  },
  *nested(n: number) {
    return yield* work.double(n)
  },
  *readies() {
    const pool = threadPool({ size: 1 })
    yield* pool.ready(work.double)
    return pool.stats().started
  },
  *opens(ms: number) {
    yield* fromPromise(Promise.resolve())
    yield* sleep(ms)
    return 'opened'
  },
  *squares(jobs: Receiver<number>, results: Sender<number>) {
    for (const it = range(jobs); yield* it.next();) yield* results.send(it.value * it.value)
    results.close()
  },
  *takes(jobs: Receiver<unknown>, n: number) {
    const taken: unknown[] = []
    while (taken.length < n) {
      const message = yield* jobs.receive()
      if (message._tag === 'None') break
      taken.push(message.value)
    }
    return taken
  },
  /** Takes at most `most` values, and waits. The first word is how many, and the others are the values. */
  *notes(jobs: Receiver<number>, most: number, noted: Int32Array) {
    for (let n = 1; n <= most; n++) {
      const message = yield* jobs.receive()
      if (message._tag === 'None') return
      noted[n] = message.value
      Atomics.store(noted, 0, n)
    }
    yield* never()
  },
  *takesAfter(jobs: Receiver<number>, began: Int32Array) {
    Atomics.store(began, 0, 1)
    return yield* jobs.receive()
  },
  *causeOf(jobs: Receiver<number>) {
    const taken: number[] = []
    try {
      for (const it = range(jobs); yield* it.next();) taken.push(it.value)
    } catch (error) {
      return { taken, error }
    }
    return { taken, error: null }
  },
  /** Receives as a case of a select that another case wins each second time. */
  *selects(jobs: Receiver<number>) {
    const taken: number[] = []
    const ticks = chan<null>(1)
    for (let lost = 0; ; lost++) {
      if (lost % 2 === 0) yield* ticks.send(null)
      const won = yield* select({ tick: ticks.receive(), job: jobs.receive() }, { biased: true })
      if (won.case === 'tick') continue
      if (won.value._tag === 'None') return { taken, lost }
      taken.push(won.value.value)
    }
  },
  *sends(results: Sender<unknown>, values: readonly unknown[], cause?: Error) {
    for (const value of values) yield* results.send(value)
    if (cause !== undefined) results.close(cause)
    return values.length
  },
  *sendsUntilClosed(results: Sender<number>) {
    for (let i = 0; ; i++) {
      const end = yield* results.send(i).attempt()
      if (end._tag === 'Left') return { message: (end.left as Error).message, cause: (end.left as Error).cause } // a clone of an error has no cause in Bun
    }
  },
  *sendsFunction(results: Sender<unknown>) {
    yield* results.send({ done: () => 1 })
    yield* never()
  },
  *talks(both: Chan<string>) {
    yield* both.send('from the thread')
    return both.isClosed
  },
  *takesAndExits(jobs: Receiver<number>, n: number, word: Int32Array) {
    for (let i = 0; i < n; i++) yield* jobs.receive()
    Atomics.store(word, 0, 1)
    while (Atomics.load(word, 0) !== 2) yield* sleep(1)
    exitThread(1)
  },
  loop(began: Int32Array): void {
    Atomics.store(began, 0, 1)
    for (;;);
  },
  exit(code: number): void {
    exitThread(code)
  },
  /** A timer throws in the turn in which the function returns. */
  returnsAndThrows(): string {
    setTimeout(() => {
      throw new Error('after the return')
    }, 0)
    for (const until = performance.now() + 3; performance.now() < until;);
    return 'returned'
  },
  keeps(bytes: number) {
    kept.push(new Uint8Array(bytes).fill(1))
    return kept.length
  },
  /** A timer throws once the word says that the result has arrived. */
  crashLater(hasReturned: Int32Array): string {
    setInterval(() => {
      if (Atomics.load(hasReturned, 0) === 1) throw new Error('from a timer')
    }, 1)
    return 'returned'
  },
})

function fails(text: string): never {
  throw new Error(text)
}

function errorOf(ctx: Context): unknown {
  const cause = ctx.cause()
  return cause._tag === 'Some' ? cause.value : null
}
