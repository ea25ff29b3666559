/** The laws of sources: what is true of the beginning of a pipeline. */
import { background, chan, go, gosched, range, sleep, type Context } from '../../runtime/index.js'
import { run, sendTo, withContext } from '../../operators/index.js'
import { Observable, Subscription, take, tap } from 'rxjs'
import type { Trial } from '../trial.js'
import { checkLaws, sourceMade } from './checks.js'
import { FEW, lawOf, type Law, type LawOptions } from './law.js'
import { Keeper } from './keeper.js'
import { Parking } from './parking.js'
import { nothingLeft } from './rest.js'
import { conserved, holds, numbers, ordered } from './verdicts.js'
import { WatchedContext } from './watched-context.js'

export interface SourceLawOptions extends LawOptions {
  /** Items that it has taken and not emitted, at the most: 1, the default, is the one in its hand. */
  readonly bound?: number
  /** Whether items come in order; a function: whether they do within each lane. Default true. */
  readonly ordered?: boolean | ((item: number) => unknown)
  /** Whether each subscriber has all items, from the beginning on; otherwise they share them. Default true. */
  readonly cold?: boolean
  /** Whether it goes on by promises: a run then waits for turns of the event loop. Default false. */
  readonly usesPromises?: boolean
  /** One that emits the items and then fails with `cause`; without it the law of errors is left out. */
  readonly failing?: (items: Iterable<number>, cause: Error) => Observable<number>
}

/** `items` tells how far it was read; `ctx` ends when the run is over, for what has to be stopped from outside. */
export type MakeSource = (items: Iterable<number>, ctx: Context) => Observable<number>

const MANY = 3_000
const MOST_ITEMS = 7

/** ms after which all has happened that could. */
const LATER = 60_000

/** Items until the subscriber has enough. */
const ENOUGH = 3

/** Items, and how far they were read. */
class Reading implements Iterable<number> {
  read = 0
  /** Iterators that are neither at their end nor were given back. */
  open = 0
  readonly items: readonly number[]

  constructor(n: number) {
    this.items = numbers(n)
  }

  *[Symbol.iterator](): Generator<number, void> {
    this.open++
    try {
      for (const item of this.items) {
        this.read++
        yield item
      }
    } finally {
      this.open--
    }
  }
}

/**
 * The laws of a source. `make` makes one anew for each run, of the items that it is to emit.
 *
 * @example
 * ```ts
 * for (const law of laws.source((items) => fromIterable(items))) await law.check()
 * ```
 */
export function sourceLaws(make: MakeSource, options: SourceLawOptions = {}): readonly Law[] {
  checkLaws('source', make, options)
  const made: MakeSource = (items, ctx) => sourceMade('source', make(items, ctx))
  const { bound = 1, ordered: isOrdered = true, cold: isCold = true, failing, many = MANY, usesPromises = false } = options

  /** Through to a consumer that is now fast, now slow; answers what came, and how much was held at the most. */
  function* flowing(
    trial: Trial,
    isStrict = false,
  ): Generator<never, { readonly reading: Reading; readonly got: number[]; readonly mostHeld: number }> {
    const keeper = new Keeper(usesPromises)
    const reading = new Reading(trial.choose(MOST_ITEMS))
    const over = new WatchedContext()
    const got: number[] = []
    let mostHeld = 0
    let emitted = 0
    const look = (): void => void (mostHeld = Math.max(mostHeld, reading.read - emitted))
    const results = chan<number>()
    const watched = made(reading, over).pipe(
      tap(() => {
        look()
        emitted++
      }),
      sendTo(results, { close: true, overflow: isStrict ? 'error' : 'keep' }),
    )
    const pipeline = run(background, watched)
    const isSlow = trial.choose(3) > 0
    for (const it = range(results); yield* it.next();) {
      got.push(it.value)
      if (isSlow) yield* sleep(trial.choose(5))
      look()
    }
    yield* pipeline.join()
    over.end(undefined)
    keeper.end()
    return { reading, got, mostHeld }
  }

  const laws: Law[] = []

  laws.push(
    lawOf(
      'conservation',
      'each item is emitted, once, and then it completes',
      function* law(trial) {
        const { reading, got } = yield* flowing(trial)
        conserved(got, reading.items)
      },
      options,
    ),
  )

  if (isOrdered !== false) {
    laws.push(
      lawOf(
        'ordering',
        isOrdered === true ? 'items come in order' : 'items come in order, in each lane',
        function* law(trial) {
          const { reading, got } = yield* flowing(trial)
          ordered(got, reading.items, isOrdered === true ? undefined : isOrdered)
        },
        options,
      ),
    )
  }

  laws.push(
    lawOf(
      'boundedness',
      `it emits only while there is demand, and holds no more than ${bound} items`,
      function* law(trial) {
        const { mostHeld } = yield* flowing(trial, true)
        holds(mostHeld <= bound, `held ${mostHeld} items, and may hold ${bound}`)
      },
      options,
    ),
  )

  if (isCold) {
    laws.push(
      lawOf(
        'laziness',
        'nothing is read before somebody subscribes',
        function* law() {
          const keeper = new Keeper(usesPromises)
          const reading = new Reading(MOST_ITEMS)
          const source = made(reading, background)
          yield* sleep(LATER)
          holds(reading.read === 0, `read before anybody subscribed: ${reading.read}`)
          const got: number[] = []
          const over = new Parking('the end of the source')
          source.subscribe({ next: (item) => got.push(item), complete: () => over.open() })
          yield* over
          keeper.end()
        },
        options,
        FEW,
      ),
    )
  }

  /** Waits for the end of a subscriber who takes all that is still to come. */
  function* takeRest(source: Observable<number>): Generator<never, number[]> {
    const got: number[] = []
    const over = new Parking('the end of the source')
    source.subscribe({ next: (item) => got.push(item), complete: () => over.open() })
    yield* over
    return got
  }

  laws.push(
    lawOf(
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
          yield* keeper.settle()
          yield* nothingLeft(1 + keeper.goroutines)
          yield* sleep(LATER)
          // One who was given a turn before may still read what comes next.
          holds(reading.read <= then.read + 1, `read after the subscriber had left: ${reading.read - then.read}`)
          holds(reading.open === 0, 'the iterator was not given back')
        } else yield* sleep(LATER)
        holds(got.length === then.emitted, `emitted after the subscriber had left: ${got.length - then.emitted}`)
        holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
        conserved(isCold ? yield* takeRest(source) : [...got, ...(yield* takeRest(source))], reading.items)
        over.end(undefined)
        yield* keeper.settle()
        yield* nothingLeft(1 + keeper.goroutines)
        keeper.end()
      },
      options,
    ),
  )

  laws.push(
    lawOf(
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
        holds(
          end._tag === 'Right' || end.left === cause,
          `the pipeline ended with another cause: ${String(end._tag === 'Left' && end.left)}`,
        )
        if (isCold) {
          yield* keeper.settle()
          yield* nothingLeft(1 + keeper.goroutines)
        }
        const then = emitted
        yield* sleep(LATER)
        holds(emitted === then, `emitted after the end of the context: ${emitted - then}`)
        holds(ctx.listeners === 0, `listeners of the context that are left: ${ctx.listeners}`)
        if (!isCold) yield* takeRest(source)
        over.end(undefined)
        yield* keeper.settle()
        yield* nothingLeft(1 + keeper.goroutines)
        keeper.end()
      },
      options,
    ),
  )

  if (failing !== undefined) {
    laws.push(
      lawOf(
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
          yield* keeper.settle()
          yield* nothingLeft(1 + keeper.goroutines)
          keeper.end()
        },
        options,
      ),
    )
  }

  laws.push(
    lawOf(
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
        // One that emits at once does so before `subscribe` has answered.
        const subscription = new Subscription()
        const linked = new Observable<number>((subscriber) => {
          subscription.add(subscriber)
          return source.subscribe(subscriber)
        })
        linked.subscribe({
          next(item) {
            first.push(item)
            if (first.length === 1) source.subscribe({ next: (other) => second.push(other), complete: () => ends.second.open() })
            if (first.length < leavesAt) return
            subscription.unsubscribe()
            ends.first.open()
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
        yield* keeper.settle()
        yield* nothingLeft(1 + keeper.goroutines)
        keeper.end()
      },
      options,
    ),
  )

  laws.push(
    lawOf(
      'firehose',
      'a great many items that are there at once come as any others, grow no stack, and stop when the subscriber has enough',
      function* law(trial) {
        const keeper = new Keeper(usesPromises)
        const reading = new Reading(many)
        const over = new WatchedContext()
        const source = made(reading, over)
        if (isCold) {
          yield* takeRest(source.pipe(take(ENOUGH)))
          holds(reading.read <= ENOUGH + bound, `read ${reading.read} items for ${ENOUGH}`)
        }
        if (trial.choose(2) === 0) yield* gosched()
        conserved(yield* takeRest(source), reading.items)
        over.end(undefined)
        keeper.end()
      },
      options,
      FEW,
    ),
  )

  return laws
}
