/** Re-entrancy: the subscriber leaves, pushes or subscribes in its `next`. */
import { Subject, type Observable, type Subscription } from 'rxjs'
import { chan, sleep } from '../../../runtime/index.js'
import { fromReceiver } from '../../../operators/index.js'
import type { LawRecord } from '../law.js'
import { conserved, holds, numbers } from '../support/assertions.js'
import { LATER, nothingLeft } from '../support/at-rest.js'
import { Gate } from '../support/gate.js'
import { paced } from '../support/sources.js'
import type { OperatorSubject } from './subject.js'
import { TestPipeline } from './test-pipeline.js'

const MOST_ITEMS = 6

export const leavingInNext: LawRecord<OperatorSubject> = {
  name: 're-entrancy: leaving',
  meaning: 'a subscriber that leaves in its next gets nothing more, and nothing continues or is left',
  *program(subject, trial) {
    const items = numbers(MOST_ITEMS)
    const pipeline = new TestPipeline(subject, trial, { source: paced(trial, items, { takesTime: false }), items })
    const { work, source } = pipeline
    const last = 1 + trial.choose(3)
    let seen = 0
    let before = { started: 0, emitted: 0 }
    const over = new Gate('the end of the pipeline')
    const end = (): void => {
      before = { started: work.started, emitted: source.emitted }
      over.open()
    }
    let subscription: Subscription | null = null
    subscription = pipeline.results.subscribe({
      next() {
        if (++seen !== last) return
        end()
        subscription?.unsubscribe()
      },
      error: over.fail,
      complete: end,
    })
    yield* over
    yield* nothingLeft(1 + work.goroutines)
    yield* sleep(LATER)
    holds(seen <= last, `results came after the subscriber had left: ${seen - last}`)
    holds(work.started === before.started, `work started after the subscriber had left: ${work.started - before.started} times`)
    // The item that a goroutine holds may still pass.
    holds(source.emitted <= before.emitted + 1, `items were taken after the subscriber had left: ${source.emitted - before.emitted}`)
    holds(source.subscribers === 0, `subscribers of the source that are left: ${source.subscribers}`)
    work.end()
  },
}

export const pushingInNext: LawRecord<OperatorSubject> = {
  name: 're-entrancy: pushing',
  meaning: 'a subscriber may feed the source in its next: nothing is lost, nothing is doubled',
  // Each result pushes the next item, so an item that is dropped, or emitted before the subscription, would end the
  // chain.
  appliesTo: ({ options }) => options.lossy !== true && options.resubscribes !== true,
  *program(subject, trial) {
    const { bound, refusesForeign = false, lossy } = subject.options
    const items = numbers(bound + 1 + trial.choose(2 * MOST_ITEMS))
    const feed = !refusesForeign && trial.choose(2) === 0 ? feedOfSubject() : feedOfChannel(items.length)
    const pipeline = new TestPipeline(subject, trial, { source: feed.source, items })
    const push = pusher(feed, items, pipeline)
    const known = new Set<number>()
    const failures: unknown[] = []
    const over = new Gate('the end of the pipeline')
    pipeline.results.subscribe({
      next(result) {
        for (const item of pipeline.itemsOf(result)) {
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
    // One item more than the operator holds: then a result is always on its way.
    for (let i = 0; i <= bound; i++) push()
    yield* over
    holds(failures.length === 0, `the pipeline failed: ${String(failures[0])}`)
    conserved(pipeline.arrived, pipeline.expected, lossy)
    pipeline.work.end()
  },
}

export const resubscribingInNext: LawRecord<OperatorSubject> = {
  name: 're-entrancy: resubscribing',
  meaning: 'a subscriber may subscribe again in its next: each subscription gets all of its items',
  *program(subject, trial) {
    const { lossy } = subject.options
    const items = numbers(1 + trial.choose(MOST_ITEMS))
    const pipeline = new TestPipeline(subject, trial, { source: paced(trial, items), items })
    const first: number[] = []
    const second: number[] = []
    let running = 1
    const over = new Gate('the end of both')
    const end = (): void => {
      if (--running === 0) over.open()
    }
    const take = (into: number[]) => (result: unknown) => void into.push(...pipeline.itemsOf(result))
    pipeline.results.subscribe({
      next(result) {
        if (first.length === 0) {
          running++
          pipeline.results.subscribe({ next: take(second), error: over.fail, complete: end })
        }
        take(first)(result)
      },
      error: over.fail,
      complete: end,
    })
    yield* over
    conserved(first, pipeline.expected, lossy)
    if (first.length > 0) conserved(second, pipeline.expected, lossy)
    pipeline.work.end()
  },
}

/** A source that the subscriber feeds. */
interface Feed {
  readonly source: Observable<number>
  push(item: number): void
  end(): void
}

function feedOfChannel(capacity: number): Feed {
  const ch = chan<number>(capacity)
  return { source: fromReceiver(ch), push: (item) => void ch.trySend(item), end: () => ch.close() }
}

function feedOfSubject(): Feed {
  const subject = new Subject<number>()
  return { source: subject, push: (item) => subject.next(item), end: () => subject.complete() }
}

/** Returns a function that pushes items up to the next item that brings a result, and ends the feed after the last. */
function pusher(feed: Feed, items: readonly number[], pipeline: TestPipeline): () => void {
  let pushed = 0
  let isOver = false
  return () => {
    for (let bringsResult = false; pushed < items.length && !bringsResult;) {
      const item = items[pushed++]
      bringsResult = pipeline.isDue(item)
      feed.push(item)
    }
    if (pushed < items.length || isOver) return
    isOver = true
    feed.end()
  }
}
