/** Re-entrancy: the subscriber does in its `next` what comes to its mind. */
import { chan, sleep } from '../../../runtime/index.js'
import { fromReceiver } from '../../../operators/index.js'
import { Subject, type Observable, type Subscription } from 'rxjs'
import { lawOf, type Law } from '../support/law.js'
import type { MakeOperator, OperatorLawOptions } from './laws.js'
import { Parking } from '../support/parking.js'
import { nothingLeft } from '../support/rest.js'
import { Stand } from './stand.js'
import { paced } from '../support/supply.js'
import { conserved, holds, numbers } from '../support/verdicts.js'

const MOST_ITEMS = 6

/** ms after which all has happened that could. */
const LATER = 60_000

/** A source that the subscriber itself feeds. */
interface Feed {
  readonly source: Observable<number>
  push(item: number): void
  end(): void
}

export function reentrant<R>(make: MakeOperator<R>, options: OperatorLawOptions<R>): readonly Law[] {
  const leaves = lawOf(
    're-entrancy: leaving',
    'a subscriber that leaves in its next gets nothing more, and nothing goes on or remains',
    function* law(trial) {
      const items = numbers(MOST_ITEMS)
      const stand = new Stand(trial, { make, options, source: paced(trial, items, undefined, false), items })
      const { works, above } = stand
      const last = 1 + trial.choose(3)
      let seen = 0
      let then = { started: 0, emitted: 0 }
      const over = new Parking('the end of the pipeline')
      const end = (): void => {
        then = { started: works.started, emitted: above.emitted }
        over.open()
      }
      let subscription: Subscription | null = null
      subscription = stand.pipeline.subscribe({
        next() {
          if (++seen !== last) return
          end()
          subscription?.unsubscribe()
        },
        complete: end,
      })
      yield* over
      yield* nothingLeft(1 + works.goroutines)
      yield* sleep(LATER)
      holds(seen <= last, `results came after the subscriber had left: ${seen - last}`)
      holds(works.started === then.started, `work was begun after the subscriber had left: ${works.started - then.started} times`)
      // The one that is in hand may still pass.
      holds(above.emitted <= then.emitted + 1, `items were taken after the subscriber had left: ${above.emitted - then.emitted}`)
      holds(above.subscribers === 0, `subscribers of the source that are left: ${above.subscribers}`)
      works.end()
    },
    options,
  )

  const pushes = lawOf(
    're-entrancy: pushing',
    'a subscriber may feed the source in its next: nothing is lost, nothing is doubled',
    function* law(trial) {
      const items = numbers(options.bound + 1 + trial.choose(2 * MOST_ITEMS))
      const feed = options.refusesForeign !== true && trial.choose(2) === 0 ? fromSubject() : fromChannel(items.length)
      const stand = new Stand(trial, { make, options, source: feed.source, items })
      const known = new Set<number>()
      let pushed = 0
      let isOver = false
      const push = (): void => {
        // What is to be left out brings no result, and so no push.
        for (let isAnswered = false; pushed < items.length && !isAnswered;) {
          const item = items[pushed++]
          isAnswered = stand.isDue(item)
          feed.push(item)
        }
        if (pushed === items.length && !isOver) {
          isOver = true
          feed.end()
        }
      }
      const failures: unknown[] = []
      const over = new Parking('the end of the pipeline')
      stand.pipeline.subscribe({
        next(result) {
          for (const item of stand.itemsOf(result)) {
            if (known.has(item)) continue
            known.add(item)
            push()
          }
        },
        error(cause) {
          failures.push(cause)
          over.open()
        },
        complete: () => over.open(),
      })
      // As many as it holds, and one: then something is always on its way.
      for (let i = 0; i <= options.bound; i++) push()
      yield* over
      holds(failures.length === 0, `the pipeline failed: ${String(failures[0])}`)
      conserved(stand.arrived, stand.expected, options.lossy)
      stand.works.end()
    },
    options,
  )

  const resubscribes = lawOf(
    're-entrancy: resubscribing',
    'a subscriber may subscribe once more in its next: each subscription has all that is its own',
    function* law(trial) {
      const items = numbers(1 + trial.choose(MOST_ITEMS))
      const stand = new Stand(trial, { make, options, source: paced(trial, items), items })
      const first: number[] = []
      const second: number[] = []
      let running = 1
      const over = new Parking('the end of both')
      const end = (): void => {
        if (--running === 0) over.open()
      }
      const take = (into: number[]) => (result: R) => void into.push(...stand.itemsOf(result))
      stand.pipeline.subscribe({
        next(result) {
          if (first.length === 0) {
            running++
            stand.pipeline.subscribe({ next: take(second), complete: end })
          }
          take(first)(result)
        },
        complete: end,
      })
      yield* over
      conserved(first, stand.expected, options.lossy)
      if (first.length > 0) conserved(second, stand.expected, options.lossy)
      stand.works.end()
    },
    options,
  )

  // What is lost, or emitted before it is listened to, would not be answered by what is pushed next.
  return options.lossy === true || options.resubscribes === true ? [leaves, resubscribes] : [leaves, pushes, resubscribes]
}

function fromChannel(capacity: number): Feed {
  const ch = chan<number>(capacity)
  return { source: fromReceiver(ch), push: (item) => void ch.trySend(item), end: () => ch.close() }
}

function fromSubject(): Feed {
  const subject = new Subject<number>()
  return { source: subject, push: (item) => subject.next(item), end: () => subject.complete() }
}
