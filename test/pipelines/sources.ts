/** The source of a plan: ours, foreign, synchronous, failing, empty, endless, shared. */
import { chan, go, sleep, ticker } from 'millrace'
import { fromGoroutine, fromIterable, fromOp, fromReceiver, fromSelect } from 'millrace/operators'
import { concatMap, defer, from, map, Observable, scan, share } from 'rxjs'
import type { SourcePlan } from './plan.js'
import { itemsOf } from './specification.js'
import type { Watch } from './watch.js'

/** The items of the first source, watched. It fails at `failsAt`, each time or only the first time. */
export interface Failing {
  readonly at: number
  readonly once: boolean
}

type Items = () => Generator<number, void>

export function firstSource(plan: SourcePlan, watch: Watch, failing: Failing | null): Observable<number> {
  return built(plan, watch, function* () {
    const round = watch.subscriptions++
    const failsAt = failing === null || (failing.once && round > 0) ? Infinity : failing.at
    const isEndless = plan.source === 'endless' || plan.source === 'ticker'
    let i = 0
    for (; isEndless || i < plan.size; i++) {
      if (i === failsAt) throw watch.failures.begin('boom')
      watch.pulled(i)
      yield i
    }
    if (failsAt !== Infinity) throw watch.failures.begin('boom')
  })
}

/** A further source, of `merge` and its like. */
export const otherSource = (plan: SourcePlan, start: number, watch: Watch): Observable<number> =>
  built(plan, watch, function* () {
    yield* itemsOf(plan, start)
  })

function built({ source }: SourcePlan, watch: Watch, items: Items): Observable<number> {
  switch (source) {
    case 'iterable':
      return fromIterable({ [Symbol.iterator]: items })
    case 'async iterable':
      return fromIterable({ [Symbol.asyncIterator]: () => later(items()) })
    case 'channel':
      return fromChannel(items, watch, 0)
    case 'buffered channel':
      return fromChannel(items, watch, 3)
    case 'goroutine':
      return fromGoroutine<number>(function* (emit) {
        for (const item of items()) yield* emit.send(item)
      })
    case 'slow':
      return slow(items, 2)
    case 'endless':
      return slow(items, 1)
    case 'ticker':
      return fromTicker(items)
    case 'select':
      return fromRounds(items)
    case 'operations':
      return fromIterable({ [Symbol.iterator]: items }).pipe(concatMap((item) => fromOp(() => sleep(0).map(() => item))))
    case 'foreign':
      return from({ [Symbol.iterator]: items })
    case 'shared':
      return fromIterable({ [Symbol.iterator]: items }).pipe(share())
  }
}

async function* later(items: Iterable<number>): AsyncGenerator<number, void> {
  for (const item of items) {
    await Promise.resolve()
    yield item
  }
}

const slow = (items: Items, ms: number): Observable<number> =>
  fromGoroutine<number>(function* (emit) {
    for (const item of items()) {
      yield* sleep(ms)
      yield* emit.send(item)
    }
  })

const fromTicker = (items: Items): Observable<number> =>
  defer(() => {
    const beat = ticker(1)
    const each = items()
    const next = (): number => each.next().value as number // the items have no end
    return fromReceiver(beat).pipe(map(next), finallyDo(() => beat.stop())) // prettier-ignore
  })

const fromRounds = (items: Items): Observable<number> =>
  defer(() => {
    const each = items()
    const never = chan<number>()
    return fromSelect(() => {
      const { done, value } = each.next()
      return done === true ? null : { item: sleep(0).map(() => value), never: never.receive() } // not done: a value
    }).pipe(
      scan((_, { value }) => value as number, 0), // `never` is not chosen
    )
  })

/** A cold source over a channel that a goroutine fills. */
const fromChannel = (items: Items, watch: Watch, capacity: number): Observable<number> =>
  defer(() => {
    const ch = watch.add(chan<number>(capacity))
    const filling = go(function* () {
      try {
        for (const item of items()) yield* ch.send(item)
        ch.close()
      } catch (cause) {
        ch.close(cause)
      }
    })
    return fromReceiver(ch).pipe(finallyDo(() => filling.cancel()))
  })

/** As RxJS's finalize, which is a stage of the plan, and runs before the source is unsubscribed from. */
export const finallyDo =
  (act: () => void) =>
  <T>(source: Observable<T>): Observable<T> =>
    new Observable<T>((subscriber) => {
      subscriber.add(act)
      subscriber.add(source.subscribe(subscriber))
    })
