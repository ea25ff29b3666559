// A program over every entry point, bundled by each bundler and run: what it prints must not depend on the bundler, nor on its minifier.
import fc from 'fast-check'
import * as TE from 'fp-ts/lib/TaskEither.js'
import {
  background,
  chan,
  errgroup,
  go,
  keyedMutex,
  mapConcurrent,
  mutex,
  once,
  range,
  rateLimiter,
  rwMutex,
  select,
  semaphore,
  sleep,
  ticker,
  waitGroup,
  withCancel,
  workers,
} from 'millrace'
import { schedule } from 'millrace/fast-check'
import { workerPoolTE } from 'millrace/fp-ts'
import { main } from 'millrace/node'
import { batch, collect, fromIterable, fromReceiver, run, workerPool } from 'millrace/operators'
import { bubble, dump, dumpText, explore, watchGoroutines } from 'millrace/testing'
import { map } from 'rxjs'

main(async () => {
  await pipelines()
  await schedules()
  await reports()
})

async function pipelines() {
  const square = function* (n) {
    yield* sleep(1)
    return n * n
  }
  console.log('squares', await collect(background, fromIterable([1, 2, 3]).pipe(workerPool(2, square, { ordered: true }))).join())

  const halve = (n) => (n % 2 === 0 ? TE.right(n / 2) : TE.left(`${n} is odd`))
  const halves = fromIterable([2, 3]).pipe(
    workerPoolTE(1, halve),
    map((either) => either._tag),
  )
  console.log('halves', await collect(background, halves).join())
}

async function schedules() {
  const { schedules: runs, isComplete } = await explore(function* () {
    const ch = chan()
    go(function* () {
      yield* ch.send('met')
    })
    yield* ch.receive()
  })
  console.log('explored', runs > 0, isComplete)

  const ordered = fc.asyncProperty(schedule(), fc.array(fc.integer()), async (drawn, items) => {
    const got = await drawn.run(function* () {
      const ch = chan(items.length)
      for (const item of items) yield* ch.send(item)
      ch.close()
      const got = []
      for (const it = range(ch); yield* it.next();) got.push(it.value)
      return got
    })
    return got.join() === items.join()
  })
  await fc.assert(ordered, { numRuns: 20, seed: 1 })
  console.log('in order')
}

/** The words of a dump, without places and durations. */
async function reports() {
  const watch = watchGoroutines()
  const paused = go.named('pause', pause)
  const waiting = blocked(paused)
  const handles = Object.entries(waiting).map(([name, wait]) =>
    go.named(name, function* () {
      yield* wait
    }),
  )
  const pipeline = run(background, fromReceiver(chan()).pipe(workerPool(2, pause), batch({ size: 2, within: 5 })))
  console.log(wordsOf(dumpText(await whenAllWait())))
  for (const handle of [...handles, paused, pipeline]) handle.cancel()
  watch.stop()

  const deadlocked = bubble(function* () {
    yield* select({ first: chan().receive(), second: mutexHeld().lock() })
  })
  await deadlocked.catch((error) => console.log(wordsOf(String(error))))
}

/** The dump once no goroutine is runnable: on a busy machine a fixed time is too short for that. */
async function whenAllWait() {
  for (;;) {
    await sleep(1)
    const all = dump()
    if (all.goroutines.every(({ state }) => state !== 'runnable')) return all
  }
}

function* pause(item) {
  yield* sleep(60_000)
  return item
}

function mutexHeld() {
  const lock = mutex()
  lock.tryLock()
  return lock
}

/** A wait on every primitive, none of which is ready, however slow the machine is. */
function blocked(paused) {
  const [group, locks, keyed, permits] = [waitGroup(), rwMutex(), keyedMutex(), semaphore(1)]
  const [tasks, limiter] = [errgroup(), rateLimiter(0.001, 1)]
  group.add(1)
  locks.tryLock()
  keyed.tryLock('a')
  permits.tryAcquire()
  limiter.allow()
  tasks.go(function* () {
    yield* chan().receive()
  })
  return {
    mutex: mutexHeld().lock(),
    group: group.wait(),
    read: locks.rLock(),
    write: locks.lock(),
    keyed: keyed.lock('a'),
    permits: permits.acquire(),
    limiter: limiter.wait(),
    tasks: tasks.wait(),
    once: once().do(() => new Promise(() => {})),
    context: withCancel(background).done(),
    ticker: ticker(60_000).receive(),
    promise: select([new Promise(() => {})]),
    join: paused.join(),
    time: sleep(60_000),
    workers: workers(1, chan(), pause).receive(),
    mapped: mapConcurrent([1], 1, () => new Promise(() => {})),
    send: chan().send(1),
    choice: select({ first: chan().receive(), second: chan(1).receive() }),
  }
}

function wordsOf(text) {
  return text
    .split('\n')
    .filter((line) => !line.trim().startsWith('started at'))
    .map((line) => line.replace(/, \d+ (?:s|min|h)\]/, ']'))
    .join('\n')
}
