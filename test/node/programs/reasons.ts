/** A goroutine for each way to wait; one was started before main and is not traced. */
import { background, chan, errgroup, go, mutex, never, newTimer, select, semaphore, waitGroup, withCancel, type Context } from 'millrace'
import { main } from 'millrace/node'

const held = mutex()
void held.tryLock()
const spent = semaphore(1)
void spent.tryAcquire()
const busy = waitGroup()
busy.add(1)
const stopped = newTimer(1000)
stopped.stop()

const waits: Record<string, (ctx: Context) => Generator<never, unknown> | Promise<unknown>> = {
  *receiver() {
    yield* chan<number>().receive()
  },
  *sender() {
    yield* chan<number>().send(1)
  },
  *selector() {
    yield* select({ a: chan<number>().receive(), b: chan<number>().send(1) })
  },
  *nobody() {
    yield* never()
  },
  *nil() {
    yield* background.done()
  },
  *context() {
    yield* withCancel(background).done()
  },
  *within(ctx) {
    yield* chan<number>().send(1).within(ctx)
  },
  *mapped() {
    yield* chan<number>().receive().map(String).attempt()
  },
  *timer() {
    yield* stopped.fired()
  },
  *promised() {
    yield* select({ answer: new Promise(() => {}) })
  },
  async asynchronous() {
    await chan<number>().receive()
  },
  *locker() {
    yield* held.lock()
  },
  *acquirer() {
    yield* spent.acquire()
  },
  *waiter() {
    yield* busy.wait()
  },
  *grouped() {
    const group = errgroup()
    group.go(function* member() {
      yield* never()
    })
    yield* group.wait()
  },
}

go(function* before() {
  yield* never()
})

main(
  function* (ctx) {
    for (const name of Object.keys(waits)) go(waits[name] as (ctx: Context) => Generator<never, unknown>, ctx)
    yield* chan<number>().receive()
  },
  { trace: process.argv[2] !== 'untraced' },
)
