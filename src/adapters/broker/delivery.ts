/**
 * The envelope: a value on its way through a pipeline, with the right to settle the message that it came in.
 *
 *     broker ──▶ Delivery ──map──▶ the same right, another value ──▶ settle: `done`, `retry` or `reject`, once
 *
 * Always true: a right is settled once, by whichever of its deliveries comes first; a second settlement throws.
 */
import type { Context } from '../../runtime/index.js'
import { checkFunction, checkTime, headOf, mistyped } from '../../runtime/internal.js'

/** The place of a message: compared within a partition, and unique, so that it serves as a message id. */
export interface Position {
  /** The topic or stream. */
  readonly source: string
  /** The number of the partition; 0 in a queue. */
  readonly partition: number
  /** Grows within a partition. */
  readonly offset: number
  /** When the broker stored the message, as Unix time in ms. */
  readonly time: number
  /** `orders/5:1234`. */
  toString(): string
}

/** The facts of a message, whatever value a delivery carries. */
export interface MessageFacts {
  /** Messages with one key are delivered in order by a log; null without a key. */
  readonly key: string | null
  /** The number of this delivery: the first is 1. */
  readonly attempt: number
  readonly position: Position
  readonly headers: ReadonlyMap<string, string>
  /** Ends when the right to work on the message does: the partition is revoked, the lease is lost, the deadline is over. */
  readonly ctx: Context
}

/**
 * A value that came in a message of a broker, and the right to settle that message. `through`, `keep`, `flatThrough`,
 * `batch` and `byKey` keep the right with the value; `settle` uses it at the end of the pipeline.
 */
export interface Delivery<out T> extends MessageFacts {
  readonly value: T
  /** The same right, another value. */
  map<U>(f: (value: T) => U): Delivery<U>
  /** The work is done: the broker may forget the message. Throws Error where the message was settled before. */
  done(): void
  /** The message is to come again, after this number of ms. Throws as `done`. */
  retry(after?: number, cause?: unknown): void
  /** The message is given up: it goes to the dead letters of `settle`. Throws as `done`. */
  reject(cause: unknown): void
}

/** The fate of a message. `given up` has no part of the user: its delivery has left the pipeline, or was never in it. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'retry'; readonly after: number; readonly cause: unknown }
  | { readonly kind: 'reject'; readonly cause: unknown }

export const DONE: Outcome = { kind: 'done' }

/** A message of a source, as it came. */
export interface Origin {
  readonly isOpen: boolean
  /** The messages of its source. */
  readonly lease: {
    /** No message comes until one of those that are open is settled. */
    readonly isFull: boolean
    readonly open: number
    readonly whenSettled: Set<() => void>
  }
}

/** The right to settle a message, shared by the deliveries that are made from it. */
export interface Right extends MessageFacts {
  /** The messages that it settles; that of a batch has several. */
  readonly origins: readonly Origin[]
  readonly isSettled: boolean
  /** Attempts that have failed since this delivery came. */
  failures: number
  /** The error for work that must not begin: an earlier message of the key was given up. */
  readonly refusal: Error | null
  settle(outcome: Outcome): void
  /** The original values: for dead letters. */
  readonly payload: unknown
}

export class Envelope<T> implements Delivery<T> {
  constructor(
    readonly value: T,
    readonly right: Right,
  ) {}

  get key(): string | null {
    return this.right.key
  }
  get attempt(): number {
    return this.right.attempt
  }
  get position(): Position {
    return this.right.position
  }
  get headers(): ReadonlyMap<string, string> {
    return this.right.headers
  }
  get ctx(): Context {
    return this.right.ctx
  }

  with<U>(value: U): Envelope<U> {
    return new Envelope(value, this.right)
  }
  /** The delivery, without messages whose work must not begin, which are given up; null where no other is left. */
  admitted(): Envelope<T> | null {
    const { refusal } = this.right
    if (refusal === null) return this
    if (!this.right.isSettled) this.reject(refusal)
    return null
  }
  map<U>(f: (value: T) => U): Envelope<U> {
    checkFunction('delivery.map(f)', f)
    return this.with(f(this.value))
  }
  done(): void {
    this._settle(DONE)
  }
  retry(after = 0, cause?: unknown): void {
    checkTime('delivery.retry(after)', after)
    this._settle({ kind: 'retry', after, cause })
  }
  reject(cause: unknown): void {
    this._settle({ kind: 'reject', cause })
  }

  private _settle(outcome: Outcome): void {
    if (this.right.isSettled)
      throw new Error(
        `settle of a settled delivery: ${String(this.position)} was settled before${'cause' in outcome ? ` (now: ${headOf(outcome.cause)})` : ''}`,
      )
    this.right.settle(outcome)
  }
}

/** The delivery of a stage's item. Throws TypeError for an item that is none. */
export function envelopeOf<T>(where: string, item: Delivery<T>): Envelope<T> {
  if (!isEnvelope(item)) throw mistyped(where, 'a Delivery', item)
  return item as Envelope<T> // a delivery that is an envelope has the value that its type says
}

export function isEnvelope(item: unknown): item is Envelope<unknown> {
  return item instanceof Envelope
}

export function checkText(where: string, expected: string, text: unknown): void {
  if (typeof text !== 'string') throw mistyped(where, expected, text)
}

/** The key, or the id, of a message: the result of a function of the user. */
export function textOf(where: string, text: string | null | undefined): string | null {
  if (text === undefined || text === null) return null
  checkText(`${where}: the result`, 'a string', text)
  return text
}

/** A message is given up: its attempts are used up, or it has ended its process again and again. */
export class PoisonError extends Error {
  override readonly name = 'PoisonError'
  constructor(
    readonly position: Position,
    readonly attempts: number,
    options?: ErrorOptions,
  ) {
    super(`${String(position)} was delivered ${attempts} times and never settled`, options)
  }
}

/** An earlier message of the key was given up, and `settle` has `onPoison: 'block-key'`. */
export class BlockedKeyError extends Error {
  override readonly name = 'BlockedKeyError'
  constructor(
    readonly key: string,
    readonly position: Position,
  ) {
    super(`${String(position)} follows a message of the key ${JSON.stringify(key)} that was given up`)
  }
}

class PlaceInSource implements Position {
  constructor(
    readonly source: string,
    readonly partition: number,
    readonly offset: number,
    readonly time: number,
  ) {}
  toString(): string {
    return `${this.source}/${this.partition}:${this.offset}`
  }
}

/** The position of a message, for a source over `fromPull`. `time` is Unix time in ms; the text is `source/partition:offset`. */
export function positionOf(source: string, partition: number, offset: number, time: number): Position {
  return new PlaceInSource(source, partition, offset, time)
}
