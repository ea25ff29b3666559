import type { NatsConnection } from '@nats-io/nats-core'
import type { Observable } from 'rxjs'
import { checkFunction, checkRecord, checkTime } from '../../runtime/internal.js'
import type { Delivery, StageLink } from '../broker/index.js'
import { checkLease } from '../broker/internal.js'
import { connectionOf } from './connection.js'
import { checkName } from './from-nats.js'
import { fromJson, subjectToken, toJson, type Decode, type Encode } from './message.js'
import { nanosOf } from './pulling.js'
import { Topics, type TopicsParts } from './stage-topics.js'

/** Options of `natsLink`. */
export interface NatsLinkOptions {
  /** The name of the pair of streams, as `plan` was given. Links with the same name have the same stages. */
  readonly stages: string
  /** ms without a sign of life after which an item goes to another process; that of the first link is kept. Default 5000. */
  readonly lease?: number
  /** ms after which the server forgets the replies to a process that has gone; default 300,000. */
  readonly forget?: number
  /** Makes the bytes, or the text, of a message; default: JSON. */
  readonly encode?: Encode<unknown>
  /** Reads the bytes of a message; default: JSON. */
  readonly decode?: Decode<unknown>
  /** ms that a server which is connected may leave a request without an answer; default 30,000. */
  readonly patience?: number
}

/** ms that the removal of a topic may take: the server forgets the topic by itself. */
const FAREWELL = 2000

/**
 * A link of stages over JetStream: `stage.over(link, …)` sends its items to the processes that run `serve(ctx, link, stage)`.
 * The connection is the user's, and is not closed. `plan(nc, { stages }).apply()` creates the two streams. The link creates their
 * consumers: one for each stage, which stays, and one for each caller and for each server of a stage, removed when that ends.
 *
 * Items are kept until they are settled, through kills of any process and of the server, also while nothing serves
 * their stage. A message that is published again after a reconnect is stored once. An item or a result that is too large
 * for the server, or that cannot be encoded, fails as that item. A caller that is away for longer than `forget` fails with
 * NatsSetupError.
 *
 * `over` and `serve` fail as `fromNats` does: with NatsSetupError where a stream is missing, NatsTimeoutError, NatsRefusedError
 * and NatsClosedError. Needs nats-server 2.9. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const link = natsLink(nc, { stages: 'shop' })
 * const greet = stage('greet', { input: textSchema, output: textSchema }, (name) => `hello ${name}`)
 * const serving = serve(ctx, link, greet, { workers: 4 }) // in other processes
 * const greeted = fromIterable(['ada', 'grace']).pipe(greet.over(link, { workers: 8 }))
 * ```
 */
export function natsLink(nc: NatsConnection, options: NatsLinkOptions): StageLink {
  const link = connectionOf('natsLink(nc)', nc)
  checkRecord('natsLink(nc, options)', '{ stages, lease?, forget?, encode?, decode?, patience? }', options, NAMES)
  const { stages, lease = 5000, forget = 300_000, encode = toJson, decode = fromJson, patience = 30_000 } = options
  checkName('natsLink(nc, { stages })', stages)
  checkLease('natsLink(nc, { lease })', lease)
  checkTime('natsLink(nc, { forget })', forget)
  checkFunction('natsLink(nc, { encode })', encode)
  checkFunction('natsLink(nc, { decode })', decode)
  checkTime('natsLink(nc, { patience })', patience)
  const where = `natsLink(nc, { stages: ${JSON.stringify(stages)} })`
  const own = new OwnTopics({ link, where, stages, lease, patience, encode, decode }, forget)
  const items = new Topics(own.shared, 'items', () => own.opening)
  return { from: (given) => items.from(given), to: (given) => items.to(given), own, remove: (topic) => own.remove(topic) }
}

const NAMES = ['stages', 'lease', 'forget', 'encode', 'decode', 'patience']

/** The topics of this process: a consumer is made at once, and not with the first demand, so that no reply is missed. */
class OwnTopics extends Topics {
  private readonly _made = new Set<Promise<unknown>>()

  constructor(
    readonly shared: TopicsParts,
    private readonly _forget: number,
  ) {
    super(shared, 'replies', () => null)
  }

  /** Completes when the consumers that are being made are there. */
  get opening(): Promise<unknown> | null {
    return this._made.size === 0 ? null : Promise.all(this._made)
  }

  override from<T>({ queue, name = `from ${queue}` }: { readonly queue: string; readonly name?: string }): Observable<Delivery<T>> {
    const made = this.create(queue, { inactive_threshold: nanosOf(this._forget) })
    const over = (): void => void this._made.delete(made)
    this._made.add(made)
    made.then(over, over)
    return this.source(queue, name, () => made)
  }

  async remove(topic: string): Promise<void> {
    const subject = `$JS.API.CONSUMER.DELETE.${this.target.stream}.${subjectToken(topic)}`
    try {
      await this.shared.link.nc.request(subject, '', { timeout: FAREWELL })
    } catch {
      // the server forgets it
    }
  }
}
