/** Programs that resemble a deadlock across threads, and end normally. */
import { execFile } from 'node:child_process'
import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { isMainThread } from 'node:worker_threads'
import {
  all,
  background,
  chan,
  fromPromise,
  go,
  never,
  range,
  sleep,
  withTimeout,
  type Context,
  type Mutex,
  type Receiver,
  type Semaphore,
  type Sender,
} from 'millrace'
import { main } from 'millrace/node'
import { onThreads, shared, threadPool } from 'millrace/threads'
import { chosen } from './cases.js'

interface WaitAsync {
  readonly waitAsync: (words: Int32Array, index: number, value: number) => { readonly async: boolean; readonly value: unknown }
}

/** Calls `f` once the word is no longer `value`. */
function changed(words: Int32Array, index: number, value: number, f: () => void): void {
  const wait = (Atomics as unknown as WaitAsync).waitAsync(words, index, value)
  if (wait.async) void (wait.value as Promise<unknown>).then(f)
  else queueMicrotask(f)
}

function set(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value)
  Atomics.notify(words, index)
}

const ROUNDS = 400

const { reads, sleeps, derives, awaitsWord, passes, echoes, hands, stays, unlocksLater, counts } = onThreads(import.meta, {
  *reads() {
    yield* fromPromise(promisify(execFile)(process.execPath, ['-e', 'setTimeout(() => {}, 150)']))
    return 'read'
  },
  *sleeps(to: Sender<string>) {
    yield* sleep(100)
    yield* to.send('slept')
  },
  async derives() {
    await promisify(pbkdf2)('a', 'b', 300_000, 32, 'sha256')
    return 'derived'
  },
  *awaitsWord(words: Int32Array) {
    yield* fromPromise(new Promise<void>((resolve) => changed(words, 0, 0, resolve)))
    return 'changed'
  },
  /** The threads pass a word to each other by callbacks: nothing of this package, and no promise, is seen to wait for it. */
  *passes(words: Int32Array, own: number) {
    const done = chan<void>()
    const turn = (round: number): void => {
      if (round === ROUNDS) return done.close()
      changed(words, own, round, () => {
        set(words, 1 - own, round + 1 + own)
        turn(round + 1)
      })
    }
    turn(0)
    yield* done.receive()
    return ROUNDS
  },
  *echoes(from: Receiver<number>, to: Sender<number>) {
    for (const it = range(from); yield* it.next();) yield* to.send(it.value)
    to.close()
  },
  *hands(take: Semaphore, give: Semaphore) {
    for (let i = 0; i < ROUNDS; i++) {
      yield* take.acquire()
      give.release()
    }
    return ROUNDS
  },
  *stays(_ctx: Context) {
    try {
      yield* never()
    } finally {
      yield* never()
    }
  },
  *unlocksLater(mu: Mutex) {
    yield* mu.lock()
    setTimeout(() => mu.unlock(), 100)
  },
  counts(from: number) {
    const end = performance.now() + 100
    while (performance.now() < end);
    return from
  },
})

const bodies = {
  *io() {
    console.log(yield* reads())
  },
  *timer() {
    const from = chan<string>()
    go(sleeps(from))
    const message = yield* from.receive()
    console.log(message._tag === 'Some' ? message.value : 'closed')
  },
  *promise() {
    console.log(yield* derives())
  },
  *word() {
    const words = new Int32Array(new SharedArrayBuffer(4))
    setTimeout(() => set(words, 0, 1), 150)
    console.log(yield* awaitsWord(words))
  },
  *wordOfThreads() {
    const words = new Int32Array(new SharedArrayBuffer(8))
    const passing = go(() => all([passes(words, 0), passes(words, 1)]))
    setTimeout(() => set(words, 0, 1), 150)
    console.log(yield* passing.join())
  },
  *messages() {
    const [to, from] = [chan<number>(), chan<number>()]
    go(echoes(to, from))
    let sum = 0
    for (let i = 0; i < 2000; i++) {
      if (i % 500 === 0) yield* sleep(30) // the thread becomes still
      yield* to.send(i)
      const back = yield* from.receive()
      if (back._tag === 'Some') sum += back.value
    }
    console.log(sum)
  },
  *semaphores() {
    const [one, two] = [shared.semaphore(1), shared.semaphore(1)]
    yield* one.acquire()
    yield* two.acquire()
    const handing = go(() => all([hands(one, two), hands(two, one)]))
    yield* sleep(150)
    one.release()
    console.log(yield* handing.join())
  },
  *starting() {
    console.log(yield* counts(3))
  },
  *busy() {
    const pool = threadPool({ size: 1 })
    console.log(yield* all([counts.on(pool)(1), counts.on(pool)(2)]))
  },
  *grace() {
    const pool = threadPool({ grace: 150 })
    const end = yield* stays.on(pool)(withTimeout(background, 500)).attempt()
    console.log(end._tag === 'Left' ? (end.left as Error).name : 'returned')
  },
  *deadline() {
    const end = yield* echoes(chan<number>(), chan<number>()).within(withTimeout(background, 500)).attempt()
    console.log(end._tag === 'Left' ? (end.left as Error).name : 'returned')
  },
  *idle() {
    const mu = shared.mutex()
    yield* unlocksLater(mu)
    using _guard = yield* mu.lock()
    console.log('unlocked')
  },
}

if (isMainThread) process.env.ALIVE = process.argv[2]
else if (process.env.ALIVE === 'starting') await new Promise((resolve) => setTimeout(resolve, 200))

// A thread has no parameters of the command line, and `main` does nothing there.
main(isMainThread ? chosen<() => Generator<never, void>>(bodies) : bodies.io)
