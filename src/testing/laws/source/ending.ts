/** The end of a source: its subscriber leaves, also in its next; its context ends; or the source fails. */
import { Subject, takeUntil, tap } from 'rxjs'
import { run, sendTo, withContext } from '../../../operators/index.js'
import { background, chan, go, gosched, range, sleep } from '../../../runtime/index.js'
import type { LawRecord } from '../law.js'
import { conserved, holds, numbers } from '../support/assertions.js'
import { AsyncCompanion, forAWhile, LATER } from '../support/at-rest.js'
import { Gate } from '../support/gate.js'
import { WatchedContext } from '../support/watched-context.js'
import { MOST_ITEMS, takeRest, TestSource, type SourceSubject } from './subject.js'

export const cancellation: LawRecord<SourceSubject> = {
  name: 'cancellation',
  meaning: ({ isCold }) =>
    isCold
      ? 'after the subscriber has left the source reads and emits nothing, its iterator is returned, and nothing is left'
      : 'after the subscriber has left the source emits nothing, nothing is left, and the next subscriber gets the remaining items',
  *program(subject, trial) {
    const { isCold } = subject
    const test = new TestSource(subject, MOST_ITEMS)
    const { items, source } = test
    const ctx = new WatchedContext()
    const results = chan<number>()
    const got: number[] = []
    if (trial.choose(2) === 0) {
      go(function* consume() {
        for (const it = range(results); yield* it.next();) void it.value
      })
    }
    const emitted = tap((item: number) => got.push(item))
    const subscription = source.pipe(emitted, withContext(ctx), sendTo(results)).subscribe()
    yield* forAWhile(trial)
    const before = { read: items.read, emitted: got.length }
    subscription.unsubscribe()
    results.close()
    if (isCold) yield* test.atRest()
    yield* sleep(LATER)
    if (isCold) {
      // A goroutine whose turn was granted before may still read the next item.
      holds(items.read <= before.read + 1, `items read after the subscriber had left: ${items.read - before.read}`)
      holds(items.open === 0, 'the iterator was not returned')
    }
    holds(got.length === before.emitted, `items emitted after the subscriber had left: ${got.length - before.emitted}`)
    holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
    conserved(isCold ? yield* takeRest(source) : [...got, ...(yield* takeRest(source))], items.items)
    yield* test.endAtRest()
  },
}

export const context: LawRecord<SourceSubject> = {
  name: 'context',
  meaning: 'when the context ends the pipeline fails with its cause, and the source emits nothing more',
  *program(subject, trial) {
    const { isCold } = subject
    const test = new TestSource(subject, MOST_ITEMS)
    const { source } = test
    const ctx = new WatchedContext()
    const cause = new Error('enough')
    let emitted = 0
    const results = chan<number>()
    const counted = tap<number>(() => void emitted++)
    const pipeline = run(ctx, source.pipe(counted, sendTo(results)))
    for (let turns = trial.choose(8); turns > 0; turns--) yield* trial.choose(2) === 0 ? results.receive() : gosched()
    ctx.end(cause)
    const end = yield* pipeline.join().attempt()
    holds(end._tag === 'Right' || end.left === cause, `the pipeline ended with another cause: ${String(end._tag === 'Left' && end.left)}`)
    if (isCold) yield* test.atRest()
    const before = emitted
    yield* sleep(LATER)
    holds(emitted === before, `items emitted after the end of the context: ${emitted - before}`)
    holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
    if (!isCold) yield* takeRest(source)
    yield* test.endAtRest()
  },
}

export const errors: LawRecord<SourceSubject> = {
  name: 'errors',
  meaning: 'a failure comes once, after the items before it, as the same object; nothing is left',
  appliesTo: ({ failing }) => failing !== null,
  *program({ failing, isCold, usesPromises }, trial) {
    if (failing == null) return
    const companion = new AsyncCompanion(usesPromises)
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
    // The last item is lost where the stage below was about to send it.
    conserved([...got, ...items.slice(got.length, got.length + 1)], items, got.length + 1 < items.length && !isCold)
    yield* companion.atRest()
    companion.end()
  },
}

export const reentrancy: LawRecord<SourceSubject> = {
  name: 're-entrancy',
  meaning: 'a subscriber may leave or subscribe again in its next: nothing comes after it has left, and each subscription gets its items',
  *program(subject, trial) {
    const { isCold } = subject
    const test = new TestSource(subject, 1 + trial.choose(MOST_ITEMS))
    const { items, source } = test
    const [first, second]: number[][] = [[], []]
    const leavesAt = trial.choose(2) === 0 ? Infinity : 1 + trial.choose(3)
    const ends = { first: new Gate('the end of the first'), second: new Gate('the end of the second') }
    const left = new Subject<void>() // leaves while `subscribe` runs: a source may emit all items at once
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
    holds(first.length <= leavesAt, `items emitted after the subscriber had left: ${first.length - leavesAt}`)
    if (isCold) {
      conserved(second, items.items)
      if (leavesAt === Infinity) conserved(first, items.items)
    } else conserved([...first, ...second], items.items)
    yield* test.endAtRest()
  },
}
