/** The sources that a law puts above an operator or a sink: paced and foreign ones, and watched. */
import { gosched, sleep, type Sender } from '../../../runtime/index.js'
import { fromGoroutine, fromIterable } from '../../../operators/index.js'
import { Observable, Subject, takeUntil } from 'rxjs'
import type { Trial } from '../../explore/scheduled-run.js'

/** A source that cannot be paced: pours all out at the subscription, for as long as somebody listens. Tells of each item before it goes. */
export function firehose(n: number, told: (item: number) => void = () => undefined): Observable<number> {
  return new Observable((subscriber) => {
    for (let i = 0; i < n && !subscriber.closed; i++) {
      told(i)
      subscriber.next(i)
    }
    subscriber.complete()
  })
}

/** At the pace of the demand: an iterable, or a goroutine that takes its time. Fails with `cause` after the last item, where one is given. */
export function paced(trial: Trial, items: readonly number[], cause?: Error, takesTime = true): Observable<number> {
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

/** Sees what a source does. */
export class Watched {
  /** What it has emitted, over all subscriptions; and how many subscribers it has. */
  emitted = 0
  subscribers = 0
  /** Called for each item, when what is below has taken it. */
  onEmitted: (item: number) => void = () => undefined
  readonly source: Observable<number>

  constructor(source: Observable<number>) {
    this.source = new Observable((subscriber) => {
      this.subscribers++
      const left = new Subject<void>()
      subscriber.add(() => {
        this.subscribers--
        left.next() // so that one that emits all at once sees that nobody listens
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
