import type { Observable, OperatorFunction } from 'rxjs'
import { after, chan, go, select, sleep, withCancel, type Chan, type Context, type Goroutine, type Op } from '../../../runtime/index.js'
import { causeOf, checkContext, checkCount, checkFunction, checkInterval, checkOptions, type Failure } from '../../../runtime/internal.js'
import { drain } from '../drain.js'
import { checkText, type Delivery } from '../delivery.js'
import { checkName } from '../plan.js'
import type { DeadDelivery } from '../policy.js'
import { faultsOf, type Chooser, type FaultOptions } from './faults.js'
import { Link, type FromMemory, type Server, type ToMemory } from './link.js'
import { Topic, type MemoryMessage } from './topic.js'

/** Options of `memoryBroker`. */
export interface MemoryBrokerOptions {
  /** Partitions of each topic; default 4. */
  readonly partitions?: number
  /** ms without a sign of life after which a worker has lost its messages and partitions; default 3000. */
  readonly lease?: number
  /** The most messages of a partition that are delivered and not settled; default 256. */
  readonly window?: number
  /** Chooses faults: the trial of `explore`. Default: no faults. */
  readonly faults?: Chooser
  /** The most faults of each kind; default 1 of each. */
  readonly most?: FaultOptions
}

/** A message for `publish`. */
export interface MemoryPublishing {
  readonly key?: string | null
  readonly headers?: ReadonlyMap<string, string>
  /** A message with an id that the topic has is not stored again. */
  readonly id?: string
}

/** The connection of a worker. */
export interface MemoryLink {
  /** A source of the messages of a topic, as a log or as a queue. */
  from<T = unknown>(options: FromMemory): Observable<Delivery<T>>
  /** Publishes a message for each delivery, and passes the delivery on, in order, when the broker has stored it. */
  to<T>(options: ToMemory<T>): OperatorFunction<Delivery<T>, Delivery<T>>
  /** Dead letters for `settle`, in a topic; `replay` puts them back. */
  deadLetters(topic: string): (letter: DeadDelivery) => Op<unknown>
  /** Forgets a topic that nobody needs any more, with its messages. */
  remove(topic: string): void
  /** As kill -9 of the worker, for the broker: nothing that the link sends from now on arrives. */
  cut(): void
  /** As SIGSTOP of the worker, for the broker: what is sent over the link waits, either way, until `resume()`. */
  suspend(): void
  /** As SIGCONT: what has waited arrives, in its order. */
  resume(): void
}

/** A broker in memory, for tests and explorations: deterministic in virtual time, with faults that a schedule chooses. */
export interface MemoryBroker {
  /** Stores a message at once. */
  publish(topic: string, value: unknown, options?: MemoryPublishing): void
  /** The connection of one more worker. */
  connect(): MemoryLink
  /**
   * Runs `n` workers, each with a link of its own, until every message of every topic that they consume is settled;
   * a worker that crashes is started again, with a new link. Then the workers are drained. Fails as the first pipeline.
   */
  work(ctx: Context, n: number, pipeline: (link: MemoryLink) => Observable<unknown>): Goroutine<void>
  /** The messages that a topic has stored, in the order of their storing. */
  messages(topic: string): readonly MemoryMessage[]
  /** True while every message of every topic that is consumed is settled. */
  readonly isSettled: boolean
  /** As kill -9 of the broker: what it has stored stays, what is on its way is lost. */
  kill(): void
  /** The broker is there again, and so are the connections. */
  restart(): void
}

/** ms after a crash until a worker is there again. */
const RESTART = 10

/**
 * Makes a broker in memory. It speaks as the adapters of real brokers do, passes the same laws, and loses what they lose:
 * what is on its way over a connection that is cut.
 *
 * With `faults: trial` the schedule of an exploration chooses where a worker crashes, an acknowledgement is lost, or a
 * message is delivered twice. So `explore` proves of a pipeline that it loses nothing, and a failure prints a token.
 * Throws TypeError or RangeError for bad options.
 *
 * @example
 * ```ts
 * const proof = function* (trial: Trial) {
 *   const broker = memoryBroker({ faults: trial, partitions: 1 })
 *   for (const n of [1, 2, 3]) broker.publish('in', n)
 *   yield* broker.work(background, 2, (link) => link.from({ log: 'in' }).pipe(link.to({ topic: 'out' }), settle())).join()
 *   if (new Set(broker.messages('out').map(({ value }) => value)).size < 3) throw new Error('lost')
 * }
 * await explore(proof, { timers: 'when-idle', unperformed: false, schedules: 50 })
 * ```
 */
export function memoryBroker(options?: MemoryBrokerOptions): MemoryBroker {
  checkOptions('memoryBroker(options)', options, ['partitions', 'lease', 'window', 'faults', 'most'])
  const { partitions = 4, lease = 3000, window = 256, faults, most } = options ?? {}
  checkCount('memoryBroker({ partitions })', 1, partitions)
  checkInterval('memoryBroker({ lease })', lease)
  checkCount('memoryBroker({ window })', 1, window)
  return new InMemory({ partitions, lease, window, faults: faultsOf(faults, most) })
}

type Parts = ConstructorParameters<typeof Topic>[1]

export class InMemory implements MemoryBroker, Server {
  isUp = true
  private readonly _topics = new Map<string, Topic>()
  private readonly _links = new Set<Link>()
  private readonly _crashed = new Map<Link, Chan<void>>()
  private _members = 0

  constructor(private readonly _parts: Parts) {}

  get lease(): number {
    return this._parts.lease
  }
  get window(): number {
    return this._parts.window
  }

  topic(name: string): Topic {
    const known = this._topics.get(name)
    if (known !== undefined) return known
    const topic = this.makeTopic(name, this._parts)
    this._topics.set(name, topic)
    return topic
  }

  protected makeTopic(name: string, parts: Parts): Topic {
    return new Topic(name, parts)
  }

  publish(topic: string, value: unknown, options: MemoryPublishing = {}): void {
    checkName('publish(topic)', topic)
    checkOptions('publish(topic, value, options)', options, ['key', 'headers', 'id'])
    const { key = null, headers = new Map<string, string>(), id = null } = options
    if (key !== null) checkText('publish(topic, value, { key })', 'a string or null', key)
    if (id !== null) checkText('publish(topic, value, { id })', 'a string', id)
    this.topic(topic).publish({ value, key, headers, id })
  }

  connect(): Link {
    const link = new Link(this._members++, this)
    this._links.add(link)
    return link
  }

  work(ctx: Context, n: number, pipeline: (link: MemoryLink) => Observable<unknown>): Goroutine<void> {
    checkContext('work(ctx, n, pipeline)', ctx)
    checkCount('work(ctx, n, pipeline)', 1, n)
    checkFunction('work(ctx, n, pipeline)', pipeline)
    return go(working, this, ctx, n, pipeline)
  }

  messages(topic: string): readonly MemoryMessage[] {
    checkName('messages(topic)', topic)
    return this._topics.get(topic)?.messages ?? []
  }

  get isSettled(): boolean {
    return [...this._topics.values()].every((topic) => topic.isSettled)
  }

  removed(name: string): void {
    this._topics.delete(name)
  }

  /** Called as the link is cut. */
  onCrash(link: Link): Chan<void> {
    const crashed = chan<void>(1)
    this._crashed.set(link, crashed)
    return crashed
  }

  traffic(link: Link): void {
    if (this._crashed.has(link) && this._parts.faults.happens('crashes')) link.cut()
  }

  losesAcknowledgement(): boolean {
    return this._parts.faults.happens('lostAcknowledgements')
  }

  gone(link: Link): void {
    this._links.delete(link)
    this._crashed.get(link)?.trySend()
    this._crashed.delete(link)
  }

  kill(): void {
    this.isUp = false
    for (const topic of this._topics.values()) topic.forget()
    for (const link of this._links) link.released()
  }

  restart(): void {
    this.isUp = true
    for (const link of this._links) link.reconnected()
  }
}

/** The workers of `work`. */
interface Crew {
  readonly broker: InMemory
  readonly ctx: Context
  readonly pipeline: (link: MemoryLink) => Observable<unknown>
  /** Pipelines that were made. */
  begun: number
  readonly failed: Chan<void>
  failure: Failure | null
}

function* working(broker: InMemory, ctx: Context, n: number, pipeline: Crew['pipeline']): Generator<never, void> {
  using whole = withCancel(ctx)
  const crew: Crew = { broker, ctx: whole, pipeline, begun: 0, failed: chan<void>(), failure: null }
  const workers = Array.from({ length: n }, () => go(worker, crew))
  try {
    while (crew.failure === null && !(crew.begun >= n && broker.isSettled))
      yield* select({ failed: crew.failed.closed(), look: after(broker.lease / 3), end: ctx.done() }).map(() => throwEnd(ctx))
    whole.cancel()
    for (const one of workers) yield* one.join()
  } finally {
    for (const one of workers) one.cancel()
  }
  const { failure } = crew as { readonly failure: Failure | null } // a worker sets it
  if (failure !== null) throw failure.error
}

function throwEnd(ctx: Context): void {
  if (ctx.err()._tag === 'Some') throw causeOf(ctx)
}

/** One worker, and those that take its place after a crash. */
function* worker(crew: Crew): Generator<never, void> {
  try {
    while (crew.ctx.err()._tag === 'None') if (yield* oneLife(crew)) return
  } catch (error) {
    crew.failure ??= { error }
    if (!crew.failed.isClosed) crew.failed.close()
  }
}

/** Returns whether the worker is done; else it has crashed. */
function* oneLife(crew: Crew): Generator<never, boolean> {
  const { broker, ctx, pipeline } = crew
  const link = broker.connect()
  const crashed = broker.onCrash(link)
  try {
    const built = pipeline(link)
    crew.begun++
    const running = drain(ctx, built, { within: Infinity })
    try {
      const end = yield* select({ ended: running.join().attempt(), crashed: crashed.receive() })
      if (end.case === 'ended' && end.value._tag === 'Left') throw end.value.left
      if (end.case === 'ended') return true
    } finally {
      running.cancel()
    }
  } finally {
    link.cut()
  }
  yield* sleep(RESTART)
  return false
}
