/**
 * A run of a law: a broker with the topic `in`, and workers on it.
 *
 * Always true: at the end of a run its workers have ended and its links are cut, whether the law holds or not.
 */
import type { Observable } from 'rxjs'
import { drain, lag, type Delivery, type Lag } from '../../../adapters/broker/index.js'
import { background, fromPromise, go, sleep, withCancel, type Either, type Goroutine, type Op } from '../../../runtime/index.js'
import { isOperation, isThenable, mistyped } from '../../../runtime/internal.js'
import type { Trial } from '../../explore/trial.js'
import { holds, numbers, text } from '../support/assertions.js'
import type { BrokerLawLink, BrokerLawSubject, BrokerSettings, BrokerSubject, StoredMessage } from './subject.js'

export type Use = 'log' | 'queue'
export type Build = (link: BrokerLawLink) => Observable<unknown>

/** Leases after which a run counts as stalled. */
const LONGEST = 60

export const WINDOW = 4
export const keyOf = (n: number): string => `k${n % 2}`

export class BrokerRun {
  readonly lease: number
  /** The broker is a real one: its client ends by promises of its own. */
  readonly isReal: boolean
  readonly workers: Worker[] = []
  private readonly _links: BrokerLawLink[] = []
  private _watch: BrokerLawLink | null = null

  constructor(
    readonly broker: BrokerLawSubject,
    readonly trial: Trial,
    readonly use: Use,
    { lease, isReal }: Pick<BrokerSubject, 'lease' | 'isReal'>,
  ) {
    this.lease = lease
    this.isReal = isReal
  }

  /** A source of `in`. */
  in(link: BrokerLawLink, options: { readonly prefetch?: number; readonly deadline?: number } = {}): Observable<Delivery<number>> {
    return link.from<number>({ [this.use]: 'in', ...options })
  }

  /** Publishes the numbers from `first` to before `end`. */
  *publish(end: number, first = 0, keyed = keyOf): Generator<never, void> {
    for (const n of numbers(end)) if (n >= first) yield* performed(this.broker.publish('in', n, { key: keyed(n) }))
  }

  *connect(): Generator<never, BrokerLawLink> {
    const link = (yield* performed(this.broker.connect())) as Partial<BrokerLawLink> | undefined // of the user
    if (typeof link?.from !== 'function' || typeof link.to !== 'function' || typeof link.cut !== 'function')
      throw mistyped('laws.broker(open): connect()', 'a link with from, to and cut', link)
    this._links.push(link as BrokerLawLink) // checked
    return link as BrokerLawLink
  }

  *worker(build: Build): Generator<never, Worker> {
    const worker = new Worker(yield* this.connect(), build, this.lease * LONGEST)
    this.workers.push(worker)
    return worker
  }

  /** A part of the lease, as the schedule chooses. */
  pause(parts = 3): Op<void> {
    return sleep((this.trial.choose(parts) * this.lease) / 30)
  }

  *lag(): Generator<never, Lag> {
    this._watch ??= yield* this.connect()
    return yield* lag(this._watch.from({ [this.use]: 'in' }))
  }

  /** Waits until the fact is true. */
  *until(fact: () => boolean | Generator<never, boolean>, otherwise: () => string): Generator<never, void> {
    for (let waited = 0; ; waited += this.lease / 6) {
      for (const { end } of this.workers) if (end?._tag === 'Left') throw end.left
      const is = fact()
      if (typeof is === 'boolean' ? is : yield* is) return
      holds(waited < this.lease * LONGEST, otherwise)
      yield* sleep(this.lease / 6)
    }
  }

  /** Waits until every message of `in` is settled. */
  *settled(): Generator<never, void> {
    let left = 0
    const isSettled = function* (run: BrokerRun): Generator<never, boolean> {
      const { waiting, underWay } = yield* run.lag()
      left = waiting + underWay
      return left === 0
    }
    yield* this.until(
      () => isSettled(this),
      () => `${left} messages are not settled after ${LONGEST} leases`,
    )
  }

  /** Waits until all is settled, and drains the workers. */
  *finished(): Generator<never, void> {
    yield* this.settled()
    for (const worker of this.workers) yield* worker.drained()
  }

  *stored(topic: string): Generator<never, readonly StoredMessage[]> {
    return (yield* performed(this.broker.messages(topic))) as readonly StoredMessage[] // by its type
  }

  *out(): Generator<never, readonly number[]> {
    return (yield* this.stored('out')).map(({ value }) => value as number) // laws publish numbers
  }

  *close(): Generator<never, void> {
    for (const worker of this.workers) yield* worker.ended()
    for (const link of this._links) yield* performed(link.cut())
    yield* performed(this.broker.close?.())
  }
}

/** A worker: a link, and a pipeline that is drained when the worker is to stop. */
export class Worker {
  end: Either<unknown, void> | null = null
  private readonly _stop = withCancel(background)
  private readonly _running: Goroutine<void>
  private readonly _watching: Goroutine<void>

  constructor(
    readonly link: BrokerLawLink,
    build: Build,
    within: number,
  ) {
    const running = (this._running = drain(this._stop, build(link), { within }))
    const ended = (end: Either<unknown, void>): void => void (this.end = end)
    this._watching = go(function* watch() {
      ended(yield* running.join().attempt())
    })
  }

  /** As kill -9. */
  *crash(): Generator<never, void> {
    yield* performed(this.link.cut())
    yield* this.ended()
    this.end = null
  }

  /** As SIGTERM. */
  *drained(): Generator<never, void> {
    this._stop.cancel()
    yield* this._watching.join()
    if (this.end?._tag === 'Left') throw this.end.left
  }

  *ended(): Generator<never, void> {
    this._running.cancel()
    this._stop.cancel()
    yield* this._watching.join()
  }
}

/** The result of a function of the user: a value, a promise or an operation. */
export function* performed(result: unknown): Generator<never, unknown> {
  if (isOperation(result)) return yield* result
  if (isThenable(result)) return yield* fromPromise(result)
  return result
}

/** Runs `program` on a broker of its own. */
export function* running(
  { open, lease, isReal }: BrokerSubject,
  trial: Trial,
  { use, settings }: { readonly use: Use; readonly settings: Partial<BrokerSettings> },
  program: (run: BrokerRun) => Generator<never, void>,
): Generator<never, void> {
  const result: unknown = yield* performed(open({ partitions: 2, lease, window: WINDOW, ...settings }))
  const opened = result as Partial<BrokerLawSubject> | null | undefined // of the user
  if (typeof opened?.connect !== 'function' || typeof opened.publish !== 'function')
    throw mistyped('laws.broker(open): open returns', 'a broker with publish and connect', opened)
  const run = new BrokerRun(opened as BrokerLawSubject, trial, use, { lease, isReal }) // checked
  try {
    yield* program(run)
  } finally {
    yield* run.close()
  }
}

/** Every number came out. */
export function complete(out: readonly number[], n: number): void {
  const all = new Set(out)
  const lost = numbers(n).filter((one) => !all.has(one))
  holds(lost.length === 0, () => `lost ${text(lost)}: ${text(out)} of ${n}`)
}

/** Each came out once. */
export function exactlyOnce(out: readonly number[], n: number): void {
  complete(out, n)
  holds(out.length === n, () => `${out.length - n} repeated: ${text(out)}`)
}

/** The first occurrences within each key are in order. */
export function inOrder(out: readonly number[], laneOf: (n: number) => unknown = keyOf): void {
  for (const lane of new Set(out.map(laneOf))) {
    let last = -1
    const seen = new Set<number>()
    for (const n of out.filter((one) => laneOf(one) === lane)) {
      holds(seen.has(n) || n > last, () => `out of order in ${String(lane)}: ${text(out)}`)
      seen.add(n)
      last = Math.max(last, n)
    }
  }
}
