/** Channels, operators, sources and sinks with one fault each, and the laws that must find it: no others, and no fewer. */
import { background, go, sleep, withCancel, type Chan, type Context } from 'millrace'
import { fromIterable, queue as waitingRoom, run, withContext, workerPool } from 'millrace/operators'
import {
  laws,
  type ChannelLawOptions,
  type Law,
  type LawOptions,
  type LawWork,
  type MakeSink,
  type MakeSource,
  type OperatorLawOptions,
  type SinkLawOptions,
  type SourceLawOptions,
} from 'millrace/testing'
import {
  catchError,
  concat,
  defer,
  EMPTY,
  filter,
  from,
  mergeMap,
  Observable,
  of,
  Subject,
  takeUntil,
  tap,
  throwError,
  type Observer,
  type OperatorFunction,
  type Subscriber,
} from 'rxjs'
import { currentScope } from '../../src/operators/demand/scope.js'
import { Channel, queue, time } from '../../src/runtime/internal.js'
import type { Waiter, WaitQueue } from '../../src/runtime/operation/waiter.js'
import type { Ring } from '../../src/runtime/base/ring.js'

export interface Broken {
  readonly fault: string
  /** Names of the laws that do not hold. */
  readonly breaks: readonly string[]
  readonly laws: readonly Law[]
}

const common: LawOptions = { schedules: 200, many: 2_000 }

/** More than any law has items, but for the firehoses. */
const A_LOT = 1_000

// Channels

type Fault = (ch: Faulty) => void

/** A channel of ours, whose parts can be got at. */
class Faulty extends Channel<number> {
  get buffer(): Ring<number> {
    return (this as unknown as { readonly _buffer: Ring<number> })._buffer
  }
}

function channel(fault: string, breaks: string[], spoil: Fault, options: ChannelLawOptions = {}): Broken {
  const make = (capacity: number): Chan<number> => {
    const ch = new Faulty(capacity, null)
    spoil(ch)
    return ch
  }
  return { fault, breaks, laws: laws.channel(make, { ...common, ...options }) }
}

const isCase = (waiter: Waiter): boolean => waiter.constructor.name === 'Case'

function length(waiting: WaitQueue): number {
  let n = 0
  for (let one = waiting.first; one !== null; one = one.next) n++
  return n
}

/** The waiters, with another way to leave them. */
function leavingBy(waiting: WaitQueue, remove: (waiter: Waiter) => void): WaitQueue {
  return Object.assign(Object.create(waiting) as WaitQueue, { remove, push: (waiter: Waiter) => waiting.push(waiter) })
}

export const brokenChannels: readonly Broken[] = [
  channel('of two values the second is received first', ['ordering'], (ch) => {
    const take = ch.take.bind(ch)
    ch.take = () => {
      if (ch.buffer.size === 2) {
        const first = ch.buffer.shift() as number
        const second = ch.buffer.shift() as number
        ch.buffer.push(second)
        ch.buffer.push(first)
      }
      return take()
    }
  }),
  channel('where three senders wait, a value is lost', ['conservation'], (ch) => {
    const take = ch.take.bind(ch)
    ch.take = () => {
      if (length(ch.senders) === 3) take()
      return take()
    }
  }),
  channel('it holds one more than it says', ['boundedness'], (ch) => {
    Object.defineProperty(ch, 'capacity', { value: ch.capacity + 1 })
  }),
  channel('the cause of a close is forgotten', ['closing'], (ch) => {
    const close = ch.close.bind(ch)
    ch.close = () => close()
  }),
  channel('a close forgets the last receiver of three', ['ordering', 'conservation', 'closing: releases'], (ch) => {
    const close = ch.close.bind(ch)
    ch.close = (cause) => {
      const { last } = ch.receivers
      if (length(ch.receivers) === 3 && last !== null) ch.receivers.remove(last)
      close(cause)
    }
  }),
  channel('what a receiver gives back is lost', ['cancellation: of a receiver'], (ch) => {
    ch.giveBack = () => undefined
  }),
  channel('a sender that gives up has sent', ['cancellation: of a sender'], (ch) => {
    const { senders } = ch
    const leaving = leavingBy(senders, (waiter) => {
      senders.remove(waiter)
      if (!isCase(waiter)) ch.buffer.push(waiter.raw as number)
    })
    Object.defineProperty(ch, 'senders', { value: leaving })
  }),
  channel('a receive that is not chosen takes a value', ['select'], (ch) => {
    const { receivers } = ch
    const leaving = leavingBy(receivers, (waiter) => {
      receivers.remove(waiter)
      if (isCase(waiter)) queue.push({ run: () => void ch.take() })
    })
    Object.defineProperty(ch, 'receivers', { value: leaving })
  }),
  channel('a try says that it has sent, though there was no room', ['trying'], (ch) => {
    const { trySend } = ch
    Object.assign(ch, { trySend: (value: number) => trySend(value) || true })
  }),
  channel('what a subscriber sends in its next is lost', ['re-entrancy'], (ch) => {
    const { trySend } = ch
    Object.assign(ch, { trySend: (value: number) => (queue.running === null && value > 0) || trySend(value) })
  }),
  channel('the stack grows with the buffer', ['firehose'], (ch) => {
    const deep = (n: number): number => (n === 0 ? 0 : 1 + deep(n - 1))
    const offer = ch.offer.bind(ch)
    ch.offer = (value) => deep(50 * ch.size) >= 0 && offer(value)
  }),
]

// Operators

function* straggler(): Generator<never, void> {
  yield* sleep(1_000)
}

/** Stops a source that emits all at once when the subscriber leaves. */
function takeUntilLeft<T>(subscriber: Subscriber<unknown>): OperatorFunction<T, T> {
  const left = new Subject<void>()
  subscriber.add(() => left.next())
  return takeUntil(left)
}

function linked<R>(operator: OperatorFunction<number, R>): OperatorFunction<number, R> {
  return (items) => new Observable((subscriber) => items.pipe(takeUntilLeft(subscriber), operator).subscribe(subscriber))
}

const pool = (n: number, work: LawWork, ordered = true): OperatorFunction<number, number> => linked(workerPool(n, work, { ordered }))

function operator(
  fault: string,
  breaks: string[],
  make: (work: LawWork) => OperatorFunction<number, number>,
  options: Partial<OperatorLawOptions> = {},
): Broken {
  return { fault, breaks, laws: laws.operator(make, { ...common, bound: 2, ...options }) }
}

/** Passes on what comes, items by `next`. */
function handOn<T, R>(subscriber: Subscriber<R>, next: (value: T) => void): Partial<Observer<T>> {
  return { next, error: (cause) => subscriber.error(cause), complete: () => subscriber.complete() }
}

/** Calls `begun` at each subscription; what that answers is called where the subscriber leaves of its own accord. */
function onLeaving<T>(begun: () => () => void): OperatorFunction<T, T> {
  return (items) =>
    new Observable((subscriber) => {
      let hasEnded = false
      const left = begun()
      const ended = tap<T>({ error: () => (hasEnded = true), complete: () => (hasEnded = true) })
      const subscription = items.pipe(ended).subscribe(subscriber)
      return () => {
        subscription.unsubscribe()
        if (!hasEnded) left()
      }
    })
}

/** Under `ctx` in place of that of the pipeline. */
const underOther =
  (work: LawWork, ctx: Context): LawWork =>
  (item) =>
    work(item, ctx)

export const brokenOperators: readonly Broken[] = [
  operator(
    'it loses an item',
    ['conservation', 're-entrancy: pushing', 're-entrancy: resubscribing', 'firehose'],
    (work) => {
      return (source) =>
        source.pipe(
          pool(2, work),
          filter((item) => item !== 4),
        )
    },
    { bound: 3 },
  ),
  operator('it doubles an item', ['conservation', 're-entrancy: pushing', 're-entrancy: resubscribing', 'firehose'], (work) => {
    return (source) =>
      source.pipe(
        pool(2, work),
        mergeMap((item) => (item === 4 ? of(item, item) : of(item))),
      )
  }),
  operator('results come as they are ready', ['ordering'], (work) => pool(2, work, false)),
  operator('mergeMap of RxJS: it takes all that comes', ['boundedness'], (work) => mergeMap((item) => of(item).pipe(pool(1, work))), {
    ordered: false,
  }),
  operator('it has one place too many', ['boundedness'], (work) => pool(3, work)),
  operator(
    'it works on what is left when the subscriber leaves',
    ['cancellation: no new work', 'context', 're-entrancy: leaving'],
    (work) => {
      return (source) =>
        source.pipe(
          pool(2, work),
          onLeaving(() => () => {
            const ctx = withCancel(background)
            ctx.cancel()
            const late = work(0, ctx)
            if (late instanceof Promise) late.catch(() => undefined)
          }),
        )
    },
  ),
  operator(
    'work is not told',
    [
      'cancellation: nothing left',
      'cancellation: work is stopped',
      'context',
      'errors: of the source',
      'errors: of the work',
      're-entrancy: leaving',
    ],
    (work) => pool(2, underOther(work, background)),
  ),
  operator('it leaves a timer behind', ['cancellation: nothing left', 're-entrancy: leaving'], (work) => {
    return (source) =>
      source.pipe(
        pool(2, work),
        onLeaving(() => () => void from(sleep(1_000)).subscribe()),
      )
  }),
  operator('it leaves a goroutine behind', ['cancellation: nothing left', 're-entrancy: leaving'], (work) => {
    return (source) =>
      source.pipe(
        pool(2, work),
        onLeaving(() => () => void go(straggler)),
      )
  }),
  operator('it leaves a listener behind', ['cancellation: nothing left'], (work) => {
    return (source) =>
      source.pipe(
        pool(2, work),
        onLeaving(() => {
          void from(currentScope().ctx.done()).subscribe()
          return () => undefined
        }),
      )
  }),
  operator('it shields the work from the context', ['context'], (work) =>
    linked((source) => source.pipe(workerPool(2, work, { ordered: true }), withContext(background))),
  ),
  operator('it fails with an error of its own', ['errors: of the source'], (work) => {
    return (source) =>
      source.pipe(
        catchError(() => throwError(() => new Error('something went wrong'))),
        pool(2, work),
      )
  }),
  operator('it waits for the others when work has failed', ['errors: of the work'], (work) => (source) => {
    let failed: { readonly cause: unknown } | null = null
    const patient: LawWork = (item) =>
      of(item).pipe(
        workerPool(1, work),
        catchError((cause) => {
          failed ??= { cause }
          return EMPTY
        }),
      )
    const atTheEnd = defer(() => (failed === null ? EMPTY : throwError(() => failed?.cause)))
    return concat(source.pipe(pool(2, patient)), atTheEnd)
  }),
  // behind an observable written by hand a pool cannot know that no other subscriber is there: its context ends when it is left
  operator('what comes while it emits is lost', ['context', 're-entrancy: pushing'], (work) => {
    return (source) => {
      let isEmitting = false
      return source.pipe(
        filter(() => !isEmitting),
        pool(2, work),
        (results) =>
          new Observable((subscriber) => {
            const flag = (item: number): void => {
              isEmitting = true
              subscriber.next(item)
              isEmitting = false
            }
            return results.pipe(takeUntilLeft(subscriber)).subscribe(handOn(subscriber, flag))
          }),
      )
    }
  }),
  operator('it serves its first subscriber only', ['re-entrancy: resubscribing'], (work) => {
    return (source) => {
      let subscribers = 0
      const results = source.pipe(pool(2, work))
      return new Observable((subscriber) => {
        if (subscribers++ > 0) return subscriber.complete()
        return results.subscribe(subscriber)
      })
    }
  }),
  operator('beyond a thousand items it forgets', ['firehose'], (work) => {
    return (source) =>
      source.pipe(
        pool(2, work),
        filter((item) => item < A_LOT),
      )
  }),
  operator('it does not look whether anybody listens', ['firehose: leaving'], (work) => (source) => {
    const deaf = new Observable<number>((subscriber) => source.subscribe(handOn(subscriber, (item) => subscriber.next(item))))
    return deaf.pipe(pool(2, work))
  }),
]

// Sources

function source(fault: string, breaks: string[], make: MakeSource, options: SourceLawOptions = {}): Broken {
  return { fault, breaks, laws: laws.source(make, { ...common, ...options }) }
}

const failing = (items: Iterable<number>, cause: Error): Iterable<number> => ({
  *[Symbol.iterator]() {
    yield* items
    throw cause
  },
})

/** An iterable that asks for its items in another way. */
const iterable = (begin: () => Iterator<number>): Iterable<number> => ({ [Symbol.iterator]: begin })

export const brokenSources: readonly Broken[] = [
  source('it loses an item while the consumer is slow', ['conservation'], (items) => fromIterable(items).pipe(losesWhenSlow), { bound: 9 }),
  source(
    'it swaps two items',
    ['ordering'],
    (items) =>
      fromIterable(
        iterable(function* () {
          let held: number | null = null
          for (const item of items) {
            if (item === 2) held = item
            else yield item
            if (item !== 2 && held !== null) {
              yield held
              held = null
            }
          }
          if (held !== null) yield held
        }),
      ),
    { bound: 2 },
  ),
  source('it pours all out at once', ['boundedness'], (items) => from(items)),
  source('it reads ahead', ['boundedness', 'firehose'], (items) =>
    fromIterable(
      iterable(function* () {
        const ahead: number[] = []
        for (const item of items) {
          ahead.push(item)
          if (ahead.length > 2) yield ahead.shift() as number // there are three
        }
        yield* ahead
      }),
    ),
  ),
  source(
    'it reads the first item before anybody subscribes',
    ['laziness'],
    (items) => {
      const peek = items[Symbol.iterator]()
      peek.next()
      peek.return?.()
      return fromIterable(items)
    },
    { bound: 2 },
  ),
  source('it does not give the iterator back', ['cancellation'], (items) =>
    fromIterable(
      iterable(() => {
        const it = items[Symbol.iterator]()
        return { next: () => it.next() }
      }),
    ),
  ),
  source('it reads on after the subscriber has left', ['cancellation', 'firehose'], (items) =>
    fromIterable(items).pipe(
      onLeaving(() => () => {
        for (const item of items) if (item > 2) break
      }),
    ),
  ),
  source('it leaves a listener behind', ['cancellation'], (items) =>
    fromIterable(items).pipe(
      onLeaving(() => {
        void from(currentScope().ctx.done()).subscribe()
        return () => undefined
      }),
    ),
  ),
  source('where the context has ended it leaves a goroutine behind', ['context'], (items) =>
    fromIterable(items).pipe(
      onLeaving(() => {
        const { ctx } = currentScope()
        return () => {
          if (ctx.err()._tag === 'Some') go(straggler)
        }
      }),
    ),
  ),
  source('it fails with an error of its own', ['errors'], (items) => fromIterable(items), {
    failing: (items, cause) => fromIterable(failing(items, new Error('something went wrong', { cause }))),
  }),
  source('it completes where it failed', ['errors'], (items) => fromIterable(items), {
    failing: (items, cause) => fromIterable(failing(items, cause)).pipe(catchError(() => EMPTY)),
  }),
  source('it serves one subscriber at a time', ['re-entrancy'], (items) => {
    let isServing = false
    return new Observable((subscriber) => {
      if (isServing) return subscriber.complete()
      isServing = true
      subscriber.add(() => (isServing = false))
      return fromIterable(items).subscribe(subscriber)
    })
  }),
  source('beyond a thousand items it forgets', ['firehose'], (items) => fromIterable(items).pipe(filter((item) => item < A_LOT))),
]

/** Loses what comes late after what came before. */
function losesWhenSlow(items: Observable<number>): Observable<number> {
  return defer(() => {
    let last = time.timers.now()
    return items.pipe(
      filter(() => {
        const isLate = time.timers.now() - last > 2
        last = time.timers.now()
        return !isLate
      }),
    )
  })
}

// Sinks

function sink(fault: string, breaks: string[], make: MakeSink, options: SinkLawOptions = {}): Broken {
  return { fault, breaks, laws: laws.sink(make, { ...common, bound: 1, ...options }) }
}

export const brokenSinks: readonly Broken[] = [
  sink(
    'it loses an item while the consumer is slow',
    ['conservation', 'firehose'],
    (ctx, items, seen) => run(ctx, items.pipe(losesWhenSlow, workerPool(1, seen))),
    { bound: 9 },
  ),
  sink('it has three consumers', ['ordering', 'boundedness'], (ctx, items, seen) => run(ctx, items.pipe(workerPool(3, seen)))),
  sink('it keeps three at a time', ['boundedness'], (ctx, items, seen) => run(ctx, items.pipe(waitingRoom(2), workerPool(1, seen)))),
  sink('it knows of no context', ['cancellation'], (_ctx, items, seen) => run(background, items.pipe(workerPool(1, seen)))),
  sink('it fails with an error of its own', ['errors'], (ctx, items, seen) =>
    run(
      ctx,
      items.pipe(
        catchError(() => throwError(() => new Error('something went wrong'))),
        workerPool(1, seen),
      ),
    ),
  ),
  sink('beyond a thousand items it forgets', ['firehose'], (ctx, items, seen) =>
    run(
      ctx,
      items.pipe(
        filter((item) => item < A_LOT),
        workerPool(1, seen, { sparse: true }),
      ),
    ),
  ),
]
