// A program over every entry point, bundled by each bundler and run: what it prints must not depend on the bundler, nor on its minifier.
import fc from 'fast-check'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { background, chan, go, mutex, range, sleep, waitGroup } from 'millrace'
import { schedule } from 'millrace/fast-check'
import { workerPoolTE } from 'millrace/fp-ts'
import { main } from 'millrace/node'
import { collect, fromIterable, workerPool } from 'millrace/operators'
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
  const [lock, group, ch] = [mutex(), waitGroup(), chan()]
  lock.tryLock()
  group.add(1)
  const waiting = {
    lock: () => lock.lock(),
    group: () => group.wait(),
    send: () => ch.send(1),
    receive: () => chan().receive(),
    time: () => sleep(1000),
  }
  const handles = Object.values(waiting).map((wait) =>
    go(function* () {
      yield* wait()
    }),
  )
  await sleep(5)
  console.log(wordsOf(dumpText(dump())))
  for (const handle of handles) handle.cancel()
  watch.stop()

  const deadlocked = bubble(function* () {
    yield* chan().receive()
  })
  await deadlocked.catch((error) => console.log(wordsOf(String(error))))
}

function wordsOf(text) {
  return text
    .split('\n')
    .filter((line) => !line.trim().startsWith('started at'))
    .map((line) => line.replace(/, \d+ ms\]/, ', some ms]'))
    .join('\n')
}
