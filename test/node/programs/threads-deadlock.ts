/** Programs whose goroutines, here and in threads, wait for each other. */
import { isMainThread } from 'node:worker_threads'
import { all, chan, go, type Mutex, type Receiver, type Semaphore, type Sender } from 'millrace'
import { dumpOnSignal, main } from 'millrace/node'
import { numbers, onThreads, shared, thread, type SharedWaitGroup } from 'millrace/threads'
import { chosen } from './cases.js'

const { asks, waits, startsAnother, locks, asksAsync, acquires, waitsFor, exits } = onThreads(import.meta, {
  *asks(from: Receiver<number>, to: Sender<number>) {
    yield* to.send(((yield* from.receive()) as { value: number }).value)
  },
  *waits(from: Receiver<number>, to: Sender<number>) {
    yield* from.receive()
    to.close()
  },
  *startsAnother(from: Receiver<number>) {
    function* another() {
      yield* from.receive()
    }
    yield* go(another).join()
  },
  *locks(first: Mutex, second: Mutex, ready: SharedWaitGroup) {
    using _first = yield* first.lock()
    ready.done()
    yield* ready.wait()
    using _second = yield* second.lock()
  },
  async asksAsync(from: Receiver<number>) {
    await from.receive()
  },
  *acquires(room: Semaphore) {
    yield* room.acquire()
    yield* room.acquire()
  },
  *waitsFor(group: SharedWaitGroup) {
    yield* group.wait()
  },
  exits(_to: Sender<number>) {
    process.exit(3)
  },
})

const bodies = {
  *channel() {
    const [from, to] = [chan<number>(), chan<number>()]
    go.named('job', asks(from, to))
    yield* to.receive()
  },
  *twoJobs() {
    const [one, two] = [chan<number>(), chan<number>()]
    yield* all([asks(one, two), waits(two, one)])
  },
  *ownThread() {
    yield* thread(asks, chan<number>(), chan<number>()).join()
  },
  *asynchronous() {
    yield* asksAsync(chan<number>())
  },
  *mutexHere() {
    const [mu, ready] = [shared.mutex(), shared.waitGroup()]
    ready.add(1)
    yield* mu.lock()
    yield* locks(mu, shared.mutex(), ready)
  },
  *mutexes() {
    const [one, two, ready] = [shared.mutex(), shared.mutex(), shared.waitGroup()]
    ready.add(2)
    yield* all([locks(one, two, ready), locks(two, one, ready)])
  },
  *semaphore() {
    yield* acquires(shared.semaphore(1))
  },
  *waitGroup() {
    const group = shared.waitGroup()
    group.add(1)
    yield* waitsFor(group)
  },
  *ring() {
    const ring = numbers(1)
    go.named('job', asks(ring, ring))
    yield* ring.closed()
  },
  *untraced() {
    yield* asks(chan<number>(), chan<number>())
  },
  *deadThread() {
    const to = chan<number>()
    yield* exits(to).attempt()
    console.log('lost')
    yield* to.receive()
  },
  *places() {
    yield* go.named('job', startsAnother(chan<number>())).join()
  },
}

const name = process.argv[2]
if (name === 'places') dumpOnSignal()
// A thread has no parameters of the command line, and `main` does nothing there.
if (!isMainThread) main(bodies.channel)
else if (name === 'withoutMain') await asks(chan<number>(), chan<number>())
else main(chosen<() => Generator<never, void>>(bodies), { trace: name !== 'untraced' })
