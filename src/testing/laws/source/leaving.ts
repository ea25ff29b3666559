/** How a source ends: its subscriber leaves, also from within its next, its context ends, or it fails. */
import { Subject, takeUntil, tap } from 'rxjs'
import { run, sendTo, withContext } from '../../../operators/index.js'
import { background, chan, go, gosched, range, sleep } from '../../../runtime/index.js'
import { Keeper } from '../support/keeper.js'
import { lawOf, type Law } from '../support/law.js'
import { Parking } from '../support/parking.js'
import { LATER, MOST_ITEMS, Reading, takeRest, type MakeFailing, type SourceStand } from './stand.js'
import { conserved, holds, numbers } from '../support/verdicts.js'
import { WatchedContext } from '../support/watched-context.js'

export function cancellation({ made, isCold, usesPromises, options }: SourceStand): Law {
  return lawOf(
    'cancellation',
    isCold
      ? 'after the subscriber has left nothing is read or emitted, the iterator is given back, and nothing remains'
      : 'after the subscriber has left nothing is emitted, nothing remains, and what was on its way is there for the next',
    function* law(trial) {
      const keeper = new Keeper(usesPromises)
      const reading = new Reading(MOST_ITEMS)
      const over = new WatchedContext()
      const ctx = new WatchedContext()
      const source = made(reading, over)
      const results = chan<number>()
      const got: number[] = []
      if (trial.choose(2) === 0) {
        go(function* consume() {
          for (const it = range(results); yield* it.next();) void it.value
        })
      }
      const emitted = tap((item: number) => got.push(item))
      const subscription = source.pipe(emitted, withContext(ctx), sendTo(results)).subscribe()
      for (let turns = trial.choose(12); turns > 0; turns--) yield* trial.choose(4) === 0 ? sleep(trial.choose(3)) : gosched()
      const then = { read: reading.read, emitted: got.length }
      subscription.unsubscribe()
      results.close()
      if (isCold) {
        yield* keeper.atRest()
        yield* sleep(LATER)
        // One who was given a turn before may still read what comes next.
        holds(reading.read <= then.read + 1, `read after the subscriber had left: ${reading.read - then.read}`)
        holds(reading.open === 0, 'the iterator was not given back')
      } else yield* sleep(LATER)
      holds(got.length === then.emitted, `emitted after the subscriber had left: ${got.length - then.emitted}`)
      holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
      conserved(isCold ? yield* takeRest(source) : [...got, ...(yield* takeRest(source))], reading.items)
      over.end(undefined)
      yield* keeper.atRest()
      keeper.end()
    },
    options,
  )
}

export function context({ made, isCold, usesPromises, options }: SourceStand): Law {
  return lawOf(
    'context',
    'when the context ends the pipeline fails with its cause, and the source emits no more',
    function* law(trial) {
      const keeper = new Keeper(usesPromises)
      const reading = new Reading(MOST_ITEMS)
      const over = new WatchedContext()
      const ctx = new WatchedContext()
      const cause = new Error('enough')
      let emitted = 0
      const results = chan<number>()
      const source = made(reading, over)
      const pipeline = run(ctx, source.pipe(tap(() => void emitted++), sendTo(results))) // prettier-ignore
      for (let turns = trial.choose(8); turns > 0; turns--) yield* trial.choose(2) === 0 ? results.receive() : gosched()
      ctx.end(cause)
      const end = yield* pipeline.join().attempt()
      holds(end._tag === 'Right' || end.left === cause, `the pipeline ended with another cause: ${String(end._tag === 'Left' && end.left)}`)
      if (isCold) {
        yield* keeper.atRest()
      }
      const then = emitted
      yield* sleep(LATER)
      holds(emitted === then, `emitted after the end of the context: ${emitted - then}`)
      holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
      if (!isCold) yield* takeRest(source)
      over.end(undefined)
      yield* keeper.atRest()
      keeper.end()
    },
    options,
  )
}

export function reentrancy({ made, isCold, usesPromises, options }: SourceStand): Law {
  return lawOf(
    're-entrancy',
    'a subscriber that leaves, or subscribes once more, in its next: nothing comes after it has left, and each has what is its own',
    function* law(trial) {
      const keeper = new Keeper(usesPromises)
      const reading = new Reading(1 + trial.choose(MOST_ITEMS))
      const over = new WatchedContext()
      const source = made(reading, over)
      const [first, second]: number[][] = [[], []]
      const leavesAt = trial.choose(2) === 0 ? Infinity : 1 + trial.choose(3)
      const ends = { first: new Parking('the end of the first'), second: new Parking('the end of the second') }
      const left = new Subject<void>() // hears of it while `subscribe` is under way, as one must who is given all at once
      source.pipe(takeUntil(left)).subscribe({
        next(item) {
          first.push(item)
          if (first.length === 1) source.subscribe({ next: (other) => second.push(other), complete: () => ends.second.open() })
          if (first.length >= leavesAt) left.next()
        },
        complete: () => ends.first.open(),
      })
      yield* ends.first
      yield* ends.second
      holds(first.length <= leavesAt, `emitted after the subscriber had left: ${first.length - leavesAt}`)
      if (isCold) {
        conserved(second, reading.items)
        if (leavesAt === Infinity) conserved(first, reading.items)
      } else conserved([...first, ...second], reading.items)
      over.end(undefined)
      yield* keeper.atRest()
      keeper.end()
    },
    options,
  )
}

export function errors({ isCold, usesPromises, options }: SourceStand, failing: MakeFailing): Law {
  return lawOf(
    'errors',
    'a failure comes after the items before it, once, the same object; nothing remains',
    function* law(trial) {
      const keeper = new Keeper(usesPromises)
      const items = numbers(trial.choose(MOST_ITEMS))
      const cause = new Error('the source failed')
      const results = chan<number>()
      const pipeline = run(background, failing(items, cause).pipe(sendTo(results, { close: true })))
      const got: number[] = []
      const consumer = go(function* consume() {
        for (const it = range(results); yield* it.next();) {
          got.push(it.value)
          if (trial.choose(2) === 1) yield* sleep(1)
        }
      })
      const end = yield* pipeline.join().attempt()
      holds(end._tag === 'Left', 'the source failed, and the pipeline completed')
      holds(end._tag === 'Left' && end.left === cause, `another error came: ${String(end._tag === 'Left' && end.left)}`)
      yield* consumer.join().attempt()
      // The last one may be lost where the stage below was about to send it.
      conserved([...got, ...items.slice(got.length, got.length + 1)], items, got.length + 1 < items.length && !isCold)
      yield* keeper.atRest()
      keeper.end()
    },
    options,
  )
}
