/**
 * The failure policy of `settle`. Stages above find it in the scope, as that of `retryEach` and `catchTo`; sources find it
 * in the context of the scope.
 *
 *     the work fails ──here: the schedule──▶ again in its slot ──attempts used up──▶ given up
 *                    ──later──▶ the broker delivers the message again ──attempts used up──▶ given up
 *     given up ──▶ the dead letter is sent ──▶ the message is done      ──no dead letters──▶ the pipeline fails
 *
 * Always true: a message that is given up is done only after its dead letter was sent.
 */
import { backoff, chan, contextKey, type Chan, type Op, type Schedule, type Sender } from '../../runtime/index.js'
import {
  causeOfThrown,
  checkCount,
  checkFunction,
  checkOneOf,
  checkOperation,
  checkOptions,
  mistyped,
  spawn,
  type Spawned,
} from '../../runtime/internal.js'
import type { StageOptions } from '../../operators/index.js'
import type { DeadLetter } from '../../operators/internal.js'
import { BlockedKeyError, isEnvelope, PoisonError, type Position } from './delivery.js'
import { performing } from './performing.js'

/** A message that was given up, with the payload that came. */
export interface DeadDelivery {
  readonly payload: unknown
  readonly key: string | null
  readonly headers: ReadonlyMap<string, string>
  readonly position: Position
  /** Why the message was given up. */
  readonly cause: unknown
  /** The name of the stage whose work failed; `settle` where no stage is known. */
  readonly stage: string
  /** The number of attempts. */
  readonly attempts: number
}

/** What happens after a message was given up: to the messages that follow, of its key or of all. */
export type OnPoison = 'skip' | 'block-key' | 'stop'

/** Takes dead letters. A function may return a promise, an operation or a generator, which is waited for. */
export type DeadLetters = Sender<DeadDelivery> | ((letter: DeadDelivery) => unknown)

/** Options of `settle`. */
export interface SettleOptions extends StageOptions {
  /** Attempts for a message before it is given up, the first included; default 5. Infinity for no limit. */
  readonly attempts?: number
  /** The pause before each further attempt, in ms; null gives the message up. Default `backoff()`. */
  readonly schedule?: Schedule
  /**
   * `here`, the default: failed work begins again in its slot, so that the order within a key holds, and the source keeps
   * the message. `later`: the broker delivers the message again after the pause, behind others.
   */
  readonly retry?: 'here' | 'later'
  /** Where messages go that are given up. Without dead letters a message that is given up fails the pipeline. */
  readonly deadLetters?: DeadLetters
  /**
   * `skip`, the default with `deadLetters`: the pipeline continues. `block-key`: messages of the same key become dead
   * letters too, until the key is taken out of `blocked`. `stop`, the default without: the pipeline fails.
   */
  readonly onPoison?: OnPoison
  /** The keys that `block-key` has blocked: a set of the caller, who may take keys out. */
  readonly blocked?: Set<string>
}

export const policyKey = contextKey<Policy>('settle')

/** A dead letter on its way. */
interface Burial {
  readonly sent: Chan<void>
  isAwaited: boolean
}

interface BurialEnd {
  buried(): void
  failed(cause: unknown): void
  over(goroutine: Spawned): void
}

/** The facts of a message that is given up. */
export interface Given {
  readonly payload: unknown
  readonly key: string | null
  readonly headers: ReadonlyMap<string, string>
  readonly position: Position
  readonly attempt: number
}

export class Policy {
  readonly attempts: number
  /** `settle` has completed: everything above it has. */
  isComplete = false
  readonly hasLetters: boolean
  /** The stage of the letter that a stage hands over at this moment. */
  private _letter: { readonly stage: string; readonly attempts: number } | null = null
  private _last: Burial | null = null
  private readonly _leaving = new Set<() => void>()
  private readonly _blocked: Set<string>

  constructor(private readonly _options: SettleOptions) {
    this.attempts = _options.attempts ?? 5
    this.hasLetters = _options.deadLetters !== undefined
    this._blocked = _options.blocked ?? new Set()
  }

  private get _onPoison(): OnPoison {
    return this._options.onPoison ?? (this.hasLetters ? 'skip' : 'stop')
  }

  /** Pauses of attempts in the slot of the stage. */
  get retries(): Schedule {
    const { schedule = defaultSchedule } = this._options
    if (this._options.retry === 'later') return () => null
    return (failed) => (failed.attempts >= this.attempts ? null : schedule(failed))
  }

  /** For the scope: null where a failure ends the pipeline. */
  get letters(): Sender<DeadLetter> | null {
    if (!this.hasLetters && this._options.retry !== 'later') return null
    return { send: (letter: DeadLetter) => this._failed(letter) } as unknown as Sender<DeadLetter> // stages only send
  }

  /** The work of a stage has failed for good. */
  private _failed({ value, cause, stage, position }: DeadLetter): Op<unknown> {
    if (!isEnvelope(value)) throw mistyped(`settle(): the item of position ${position} that failed in "${stage}"`, 'a Delivery', value)
    if (value.right.isSettled) return nothing
    const { retry, schedule = defaultSchedule } = this._options
    if (retry === 'later') {
      const pause = value.attempt >= this.attempts ? null : schedule({ attempts: value.attempt, cause, elapsed: 0 })
      if (pause !== null) {
        value.retry(pause, cause)
        return nothing
      }
      if (!this.hasLetters) throw new PoisonError(value.position, value.attempt, { cause })
    }
    this._letter = { stage, attempts: retry === 'later' ? value.attempt : value.right.failures || this.attempts }
    this._last = null
    try {
      value.reject(cause)
    } finally {
      this._letter = null
    }
    const burial = this._last as Burial | null // set by `bury`
    if (burial === null) return nothing
    burial.isAwaited = true
    return burial.sent.receive()
  }

  /** The error for a message whose work must not begin. */
  refusal({ key, position }: { readonly key: string | null; readonly position: Position }): Error | null {
    return key !== null && this._blocked.has(key) ? new BlockedKeyError(key, position) : null
  }

  /** Sends the dead letter, and then calls `buried`; `failed` where it cannot be sent, or where `onPoison` stops. */
  bury(given: Given, cause: unknown, end: BurialEnd): Spawned | null {
    if (!this.hasLetters) {
      end.failed(cause)
      return null
    }
    const burial: Burial = { sent: chan<void>(), isAwaited: false }
    this._last = burial
    const { key, payload, headers, position, attempt } = given
    if (key !== null && this._onPoison === 'block-key') this._blocked.add(key)
    const { stage, attempts } = this._letter ?? { stage: 'settle', attempts: attempt }
    const letter: DeadDelivery = { payload, key, headers, position, cause, stage, attempts }
    const failed = (error: unknown): void => {
      const { isAwaited } = burial
      if (isAwaited) return burial.sent.close(causeOfThrown(error)) // the stage that waits fails with it
      burial.sent.close()
      end.failed(error)
    }
    const send = this._send(letter)
    return spawn(
      function* bury(): Generator<never, void> {
        yield* send
        end.buried()
      },
      [],
      {
        ended: (goroutine, failure) => {
          end.over(goroutine)
          if (failure !== null) failed(failure.error)
          else {
            burial.sent.close()
            if (this._onPoison === 'stop') end.failed(cause)
          }
          return true
        },
      },
    )
  }

  private *_send(letter: DeadDelivery): Generator<never, void> {
    const { deadLetters } = this._options
    if (typeof deadLetters === 'function') yield* performing('settle({ deadLetters }): the result', deadLetters(letter))
    else yield* checkOperation('settle({ deadLetters }): send()', deadLetters?.send(letter))
  }

  /** Calls `f` when `settle` has left the pipeline. Returns a function that takes `f` out. */
  onLeaving(f: () => void): () => void {
    this._leaving.add(f)
    return () => void this._leaving.delete(f)
  }

  left(): void {
    for (const f of this._leaving) f()
  }
}

const defaultSchedule = backoff()

/** Ready at once. */
const nothing: Op<unknown> = closedChannel().receive()

function closedChannel(): Chan<void> {
  const closed = chan<void>()
  closed.close()
  return closed
}

export function checkSettle(options: SettleOptions | undefined): void {
  checkOptions('settle(options)', options)
  const { attempts = 1, schedule, retry = 'here', deadLetters, onPoison = 'skip', blocked } = options ?? {}
  if (attempts !== Infinity) checkCount('settle({ attempts })', 1, attempts)
  if (schedule !== undefined) checkFunction('settle({ schedule })', schedule)
  checkOneOf('settle({ retry })', ['here', 'later'], retry)
  checkOneOf('settle({ onPoison })', ['skip', 'block-key', 'stop'], onPoison)
  checkSet(blocked)
  const { send } = (deadLetters ?? {}) as Partial<Sender<DeadDelivery>> // from JavaScript it may be anything
  if (deadLetters !== undefined && typeof deadLetters !== 'function' && typeof send !== 'function')
    throw mistyped('settle({ deadLetters })', 'a Sender or a function', deadLetters)
  if (options?.onPoison !== undefined && onPoison !== 'stop' && deadLetters === undefined)
    throw new TypeError(`settle({ onPoison: ${JSON.stringify(onPoison)} }): needs deadLetters, so that no message is lost`)
}

function checkSet(blocked: unknown): void {
  if (blocked !== undefined && !(blocked instanceof Set)) throw mistyped('settle({ blocked })', 'a Set', blocked)
}
