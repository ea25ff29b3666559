/**
 * The end of a goroutine, and its joiners.
 *
 *     NEW ──▶ LIVE ──▶ RETURNED
 *                 ├──▶ FAILED ──a join or an owner──▶ FAILED_AND_SEEN
 *                 └──▶ CANCELED
 *
 * Always true: `raw` is the result, or the thrown value, from the end on; the joiners are settled at that moment, once.
 */
import type { Failure } from './owner.js'
import { passedOn, type Receiver } from './passed-on.js'
import { rareOf, type Rare } from './rare.js'
import { PENDING, WaitQueue, Waiter, type Pending } from '../operation/waiter.js'

// The life of a goroutine.
export const NEW = 0
export const LIVE = 1
export const RETURNED = 2
export const FAILED = 3
export const FAILED_AND_SEEN = 4
export const CANCELED = 5
export const LEFT = 6 // canceled, of an async function: its joiners are settled, and its body is still under way

export abstract class Ending<R> extends Waiter implements Receiver {
  protected life = NEW
  protected rare: Rare | null = null
  private _joiners: WaitQueue | null = null

  protected rareParts(): Rare {
    return (this.rare ??= rareOf(null, null))
  }

  get joiners(): WaitQueue {
    return (this._joiners ??= new WaitQueue())
  }

  protected get hasJoiners(): boolean {
    return this._joiners !== null && this._joiners.first !== null
  }

  /** A join was made: a failure that no join sees is a late failure, since the code that made the join has given it up. */
  protected joinMade(): void {
    if (this.life <= LIVE) this._joiners ??= new WaitQueue()
    else if (this.life === FAILED) this.leave()
  }

  protected settleJoiners(life: number, outcome: unknown): void {
    if (life === FAILED && this._joiners !== null) this.leave()
    this.life = life
    this.raw = outcome
    this._joiners?.settleAll(undefined)
    this._joiners = null
  }

  /** For `Join`: the result, or PENDING before the end; throws where the goroutine failed or was canceled. */
  get outcome(): R | Pending {
    const { life } = this
    if (life <= LIVE) return PENDING
    if (life === RETURNED) return this.raw as R // the result of the body
    this.see()
    if (this.hasReceived(this.raw)) throw passedOn(this.raw)
    throw this.wasCutOffBy(this.raw) ? passedOn(this.raw, true) : this.raw
  }

  /** True once joins complete: the body has ended, or an async function was canceled. */
  get hasEnded(): boolean {
    return this.life > LIVE
  }

  /** A join or an owner sees the failure: it is no crash. */
  see(): void {
    if (this.life === FAILED) this.life = FAILED_AND_SEEN
  }

  /** A joiner has given up: from now on a failure that no join sees is a late failure. */
  leave(): void {
    this.rareParts().isLeft = true
  }

  get wasCanceled(): boolean {
    return this.rare !== null && this.rare.isCanceled
  }

  /** True where a failure is a late failure: after a cancel, or where a join was made and given up. */
  get wasGivenUp(): boolean {
    return this.rare !== null && (this.rare.isCanceled || this.rare.isLeft)
  }

  receive(error: unknown): void {
    this.rareParts().received = { error }
  }

  /** True where the error came from a wait or a join: it is a failure here, even if it is the cause of an end as well. */
  hasReceived(error: unknown): boolean {
    const received = this.rare === null ? null : this.rare.received
    return received !== null && Object.is(received.error, error)
  }

  cutOff(cause: unknown): void {
    this.rareParts().cutOff = { error: cause }
  }

  /** True where the error is the cause of an end that a wait threw here. */
  wasCutOffBy(error: unknown): boolean {
    const cutOff = this.rare === null ? null : this.rare.cutOff
    return cutOff !== null && Object.is(cutOff.error, error)
  }

  /** The failure of a body that threw. */
  get failure(): Failure | null {
    return this.life === FAILED || this.life === FAILED_AND_SEEN ? { error: this.raw } : null
  }

  /** True for a failure that no join and no owner has seen. */
  get failedUnseen(): boolean {
    return this.life === FAILED
  }
}
