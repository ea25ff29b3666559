/** The sources that a law puts above an operator or a sink. */
import { gosched, sleep, type Sender } from '../../../runtime/index.js'
import { fromGoroutine, fromIterable } from '../../../operators/index.js'
import { Observable, Subject, takeUntil } from 'rxjs'
import type { Trial } from '../../explore/trial.js'

/**
 * A foreign source that emits all items at the subscription, until the subscriber leaves. Calls `emitting` before each
 * item.
 */
export function firehose(n: number, emitting: (item: number) => void = () => undefined): Observable<number> {
  return new Observable((subscriber) => {
    for (let i = 0; i < n && !subscriber.closed; i++) {
      emitting(i)
      subscriber.next(i)
    }
    subscriber.complete()
  })
}

interface PacedOptions {
  readonly cause?: Error | undefined
  readonly takesTime?: boolean
}

/**
 * A source that honors demand: an iterable, or a goroutine that takes turns and, unless `takesTime` is false, time.
 * Fails with `cause` at the end, if given.
 */
export function paced(trial: Trial, items: readonly number[], { cause, takesTime = true }: PacedOptions = {}): Observable<number> {
  if (trial.choose(2) === 0) return fromIterable({ [Symbol.iterator]: () => failing(items, cause) })
  return fromGoroutine<number>(function* supply(emit: Sender<number>) {
    for (const item of items) {
      if (trial.choose(2) === 1) yield* takesTime ? sleep(trial.choose(3)) : gosched()
      yield* emit.send(item)
    }
    if (cause !== undefined) throw cause
  })
}

function* failing(items: readonly number[], cause: Error | undefined): Generator<number, void> {
  yield* items
  if (cause !== undefined) throw cause
}

/** A source with counters. */
export class WatchedSource {
  /** Items emitted, over all subscriptions. */
  emitted = 0
  /** Current subscribers. */
  subscribers = 0
  /** Called for each item, after the subscriber has taken it. */
  onEmitted: (item: number) => void = () => undefined
  readonly source: Observable<number>

  constructor(source: Observable<number>) {
    this.source = new Observable((subscriber) => {
      this.subscribers++
      const left = new Subject<void>()
      subscriber.add(() => {
        this.subscribers--
        left.next() // a source that emits all items at once sees it during its loop
      })
      return source.pipe(takeUntil(left)).subscribe({
        next: (item) => {
          this.emitted++
          subscriber.next(item)
          this.onEmitted(item)
        },
        error: (cause) => subscriber.error(cause),
        complete: () => subscriber.complete(),
      })
    })
  }
}
