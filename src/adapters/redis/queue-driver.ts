/**
 * A queue: a consumer group of a stream, as a driver of `fromPull`.
 *
 *     in the stream ──XREADGROUP──▶ held ──done──▶ acknowledged
 *          ▲                         ├──retry, returned: among the pauses──▶ claimed when the pause is over
 *          │                         └──the lease ends, no beat has set back its idle time──▶ claimed by another
 *
 * Always true:
 * - a message that goes back and a beat name the consumer and the attempt, so that those of a lease that has ended change nothing;
 * - `done` is true from any consumer, since the effect has happened;
 * - while a read waits at its own connection, no script takes messages, so that each place is asked for once.
 */
import { after, fromPromise, select, withCancel } from '../../runtime/index.js'
import { time } from '../../runtime/internal.js'
import { LeaseLostError, type Lease, type PullDriver } from '../broker/index.js'
import { OpenList, Session, StoredMessage, Takes, type MessageParts } from '../broker/internal.js'
import { isAway, translated, type Asking, type Server } from './client.js'
import { EntryPosition, entryOf, type Entry } from './entry.js'
import { pausesOf, readsOf } from './keys.js'
import { Reader } from './reader.js'
import { KEEP, LEAVE, SETTLE, TAKE, type Script } from './scripts.js'

export interface QueueParts {
  readonly server: Server
  readonly stream: string
  readonly group: string
  /** The name of this consumer, which no other has. */
  readonly consumer: string
  /** ms without a beat after which a message goes to another consumer. */
  readonly lease: number
  /** The most messages that are held. */
  readonly window: number
  readonly poll: number
  readonly removes: boolean
}

type How = 'done' | 'retry' | 'returned'

interface Settlement {
  readonly how: How
  readonly id: string
  readonly attempt: number
  readonly after: number
}

/** The most settlements of a script. */
const MOST = 1000
/** ms that the last read may take. */
const FAREWELL = 2000

class HeldMessage<T> extends StoredMessage<T> {
  constructor(
    private readonly _driver: QueueDriver<T>,
    readonly id: string,
    parts: MessageParts<T>,
    attempt: number,
  ) {
    super(parts, attempt)
  }

  settled(how: How, after: number): void {
    this._driver.settled(this, how, after)
  }
}

export class QueueDriver<T> implements PullDriver {
  private readonly _held = new OpenList<HeldMessage<T>>()
  private readonly _takes: Takes
  private _settlements: Settlement[] = []
  private _isBeatDue = false
  private _isLeaving = false
  private _lookedAt = -Infinity
  private _cursor = '-'
  /** When the next pause is over, as far as this consumer knows; a pause that another has begun is seen with the next look. */
  private _pauseEnds = -Infinity
  private readonly _keys: readonly string[]
  private readonly _reader: Reader
  private readonly _session: Session
  /** Takes messages beside the calls of `_session`, where there is place for many. */
  private readonly _beside: Session

  constructor(
    private readonly _parts: QueueParts,
    private readonly _lease: Lease<T>,
  ) {
    const { server, stream, group, poll } = _parts
    this._keys = [stream, pausesOf(stream, group), readsOf(stream, group)]
    this._reader = new Reader(server, stream)
    this._takes = new Takes(_parts.window, this._held)
    const fail = (cause: unknown): void => _lease.fail(cause)
    this._session = new Session({ poll, step: () => this._step(), polled: () => this._takes.hasNews(), fail })
    this._beside = new Session({ poll, step: () => this._stepBeside(), polled: () => undefined, fail })
  }

  get isFull(): boolean {
    return this._takes.isFull
  }

  request(n: number): void {
    this._takes.request(n)
    this._wake()
  }

  private _wake(): void {
    this._session.wake()
    if (this._mayTakeBeside) this._beside.wake()
  }

  /** A beat comes first: there may be settlements at each turn. */
  private *_step(): Generator<never, boolean> {
    yield* this._parts.server.check()
    if (this._isBeatDue) yield* this._keepAll()
    else if (this._settlements.length > 0) yield* this._settleAll()
    else if (this._mayTake) yield* this._take()
    else if (this._isLeaving) yield* this._leave()
    else {
      this._wait()
      return false
    }
    return true
  }

  private get _mayTake(): boolean {
    return this._takes.places > 0 && !this._reader.isWaiting && this._takes.mayHave
  }

  private get _mayTakeBeside(): boolean {
    return this._takes.isBeside && this._mayTake && !this._isBeatDue && !this._isScriptDue
  }

  private *_stepBeside(): Generator<never, boolean> {
    if (!this._mayTakeBeside) return false
    const done = this._settlements.length > 0 && this._settlements.every(({ how }) => how === 'done')
    if (done) yield* this._settleAll()
    else yield* this._take()
    return true
  }

  private get _isLookDue(): boolean {
    return time.timers.now() - this._lookedAt >= this._parts.poll || this._cursor !== '-'
  }
  /** A look is due, or a pause may be over. */
  private get _isScriptDue(): boolean {
    return this._isLookDue || time.timers.now() >= this._pauseEnds
  }

  /**
   * Takes messages, after the settlements that go out with that. To read new messages costs the server less than half of the script,
   * which is needed for a look and for pauses that may be over.
   */
  private *_take(settlements: readonly Asking[] = []): Generator<never, void> {
    const { taken, end } = yield* this._takes.take((most) => this._call(settlements, most))
    this._takes.ended(end, this._cursor !== '-' || time.timers.now() >= this._pauseEnds)
    for (const entry of taken) this._deliver(entry)
  }

  private *_call(settlements: readonly Asking[], most: number): Generator<never, readonly unknown[]> {
    const { server, stream, group, consumer, lease, removes } = this._parts
    const [byScript, looks] = [this._isScriptDue, this._isLookDue]
    if (looks) this._lookedAt = time.timers.now()
    if (this._mayTakeBeside) this._beside.wake()
    const take: Asking = byScript
      ? this._script(TAKE, [most, Math.ceil(lease), looks ? 1 : 0, this._cursor, removes ? 1 : 0])
      : { command: 'xreadgroup', args: ['GROUP', group, consumer, 'COUNT', most, 'STREAMS', stream, '>'] }
    const reply = (yield* server.together([...settlements, take])).at(-1)
    return byScript ? this._takenBy(reply) : readOf(server, reply)
  }

  private _script(script: Script, args: readonly (string | number)[]): Asking {
    const { group, consumer } = this._parts
    return { script, keys: this._keys, args: [group, consumer, ...args] }
  }

  /** The messages in the reply of the script. */
  private _takenBy(reply: unknown): readonly unknown[] {
    const { server, stream } = this._parts
    const [taken, pause, cursor, missed] = server.rows(reply)
    if (Number(missed) > 0) this._lease.missed(Number(missed), stream)
    this._cursor = String(cursor)
    this._pauseEnds = Number(pause) < 0 ? Infinity : time.timers.now() + Number(pause)
    return server.rows(taken)
  }

  /** Waits at the server for new messages, until the next look. */
  private _wait(): void {
    const { stream, group, consumer, poll, server } = this._parts
    const most = this._takes.places
    if (most <= 0 || this._reader.isWaiting) return
    const block = Math.max(1, Math.ceil(Math.min(poll, this._pauseEnds - time.timers.now())))
    const args = ['GROUP', group, consumer, 'COUNT', most, 'BLOCK', block, 'STREAMS', stream, '>']
    const back = (): void => {
      this._takes.hasNews()
      this._wake()
    }
    this._reader.wait('xreadgroup', args, {
      replied: (reply) => {
        try {
          for (const entry of readOf(server, reply)) this._deliver(entry)
        } catch (cause) {
          this._session.fail(cause)
        }
        back()
      },
      failed: (cause) => {
        if (!isAway(cause)) this._session.fail(translated(server.where, cause))
        else if (this._isLeaving) back() // else the poll looks again
      },
    })
  }

  private _deliver(row: unknown): void {
    const { server, stream } = this._parts
    const [id, fields, deliveries] = server.rows(row)
    const record = server.read(entryOf(id, fields), row) as Entry<T> // the caller says which values the stream has
    const attempt = Number(deliveries ?? 1)
    this._takes.delivered()
    const position = new EntryPosition(stream, 0, record.id)
    const held = new HeldMessage<T>(this, record.id, { record, position, ctx: withCancel(this._lease.ctx) }, attempt)
    this._held.add(held)
    this._lease.deliver(held)
  }

  /** Called by a message, once. */
  settled(message: HeldMessage<T>, how: How, pause: number): void {
    this._held.remove(message)
    message.ctx.cancel()
    this._settlements.push({ how, id: message.id, attempt: message.attempt, after: pause })
    this._wake()
  }

  private *_settleAll(): Generator<never, void> {
    const { server, removes } = this._parts
    const all = this._settlements.splice(0, MOST)
    const done = all.filter(({ how }) => how === 'done').map(({ id }) => id)
    const others = all.filter(({ how }) => how !== 'done')
    const back = others.flatMap(({ how, id, attempt, after: ms }) => [id, attempt, Math.min(ms, 1e14), how === 'returned' ? 1 : 0])
    const settlement = this._script(SETTLE, [removes ? 1 : 0, done.length, ...done, ...back])
    if (others.length === 0 && this._mayTake) return yield* this._take([settlement])
    yield* server.together([settlement])
    this._takes.hasNews()
    if (others.length === 0) return
    this._pauseEnds = -Infinity // the next script says it
    this._reader.interrupt() // the pause may be over before its wait
  }

  /** Another consumer may have the messages that are no longer this one's. */
  private *_keepAll(): Generator<never, void> {
    const { server, stream, group, consumer } = this._parts
    this._isBeatDue = false
    const held = this._held.all()
    if (held.length === 0) return
    const args = held.flatMap(({ id, attempt }) => [id, attempt])
    for (const n of server.rows(yield* server.eval(KEEP, [stream], [group, consumer, ...args]))) {
      const lost = held[Number(n) - 1]
      if (this._held.remove(lost)) lost.ctx.cancel(new LeaseLostError(stream, lost.position.offset))
    }
  }

  beat(): void {
    this._isBeatDue = true
    this._session.wake()
  }

  stop(): void {
    this._takes.isStopped = true
    this._reader.interrupt()
  }

  /** Only a consumer without messages is forgotten, since the server forgets its messages with it. */
  private *_leave(): Generator<never, void> {
    const { server, stream, group, consumer } = this._parts
    this._isLeaving = false
    yield* server.eval(LEAVE, [stream], [group, consumer])
  }

  *close(): Generator<never, void> {
    this.stop()
    yield* select({ over: fromPromise(this._reader.idle()), late: after(FAREWELL) })
    this._reader.close()
    yield* this._beside.close()
    this._isLeaving = true
    yield* this._session.close()
  }
}

/** The entries in a reply of XREADGROUP or XREAD of one stream. */
export function readOf(server: Server, reply: unknown): readonly unknown[] {
  if (reply === null) return []
  const [ofStream] = server.rows(reply)
  return server.rows(server.rows(ofStream)[1])
}
