/**
 * The way of one partition of a log to a server that is asked by one call after the other: which call is the next.
 *
 *     claim ──granted──▶ owned: marks, beats and pulls ──release──▶ released
 *       ▲                  └──a call finds another owner: revoked──┐
 *       └──────────────────────────────────────────────────────────┘
 *
 * Always true:
 * - each call of the owner names its epoch; a call that returns false has changed nothing, since another owns the partition;
 * - what is settled is said before the ownership is let go, and once before a beat: a busy owner has something to say at each step,
 *   and the beat tells that the partition goes to another.
 */
import type { Grant, LogLink, LogPartition } from './log-partition.js'
import { Session } from './session.js'

/** An ownership that the server has granted. */
export interface Claimed {
  readonly epoch: number
  readonly grant: Grant
}

export abstract class LogSession implements LogLink {
  /** Set before the first claim. */
  driver: LogPartition<unknown> | null = null
  protected epoch = 0
  protected isOwner = false
  protected isLeaving = false
  /** Messages that the partition has asked for, and that have not arrived. */
  protected wanted = 0
  /** There may be a message to pull. */
  protected mayHave = true
  private _claims = false
  private _mayClaim = true
  private _isBeatDue = false
  /** The beat is due, and a mark has gone out since. */
  private _isBeatNext = false
  /** The ownership is let go when what is settled has been said. */
  protected isReleaseDue = false
  protected readonly session: Session

  /** `poll`: ms between two looks, for the owner and for others. */
  constructor(poll: { readonly owner: number; readonly other: number }, fail: (cause: unknown) => void) {
    const isOwner = (): boolean => this.isOwner
    this.session = new Session({
      get poll() {
        return isOwner() ? poll.owner : poll.other
      },
      step: () => this._step(),
      polled: () => {
        this.look()
      },
      fail,
    })
  }

  /** Checks what the calls need. */
  protected abstract prepare(): Generator<never, unknown>
  /** Something is settled that the server does not know. */
  protected abstract readonly hasMark: boolean
  /** The most messages of the next pull. */
  protected abstract readonly places: number
  /** Null where another owner lives, or it is the turn of another. */
  protected abstract sendClaim(): Generator<never, Claimed | null>
  /** The ownership begins. */
  protected abstract begun(grant: Grant): void
  protected abstract sendMark(): Generator<never, boolean>
  protected abstract sendPull(): Generator<never, boolean>
  /** Returns whether the partition is still owned, and whether it is the turn of another. */
  protected abstract sendBeat(): Generator<never, { readonly isOwner: boolean; readonly handsOver: boolean }>
  protected abstract sendRelease(): Generator<never, void>
  /** The owner has places, and the server has no message. */
  protected awaitMessages(): void {}
  abstract acknowledge(offset: number): void

  /** The server may have something new. */
  protected look(): void {
    this.mayHave = this._mayClaim = true
  }

  claim(): void {
    this._claims = this._mayClaim = true
    this.session.wake()
  }
  pull(n: number): void {
    this.wanted += n
    this.session.wake()
  }
  beat(floor: number): void {
    this._isBeatDue = true
    this.acknowledge(floor)
    this.session.wake()
  }
  release(): void {
    this._claims = false
    this.isReleaseDue = true
    this.session.wake()
  }
  *close(): Generator<never, void> {
    this.isLeaving = true
    this.release()
    yield* this.session.close()
  }

  private *_step(): Generator<never, boolean> {
    yield* this.prepare()
    if (this.isOwner && this._isBeatNext && !this.isReleaseDue) yield* this._beat()
    else if (this.isOwner && this.hasMark) yield* this._sayMark()
    else if (this.isReleaseDue) yield* this._release()
    else if (this.isOwner && this._isBeatDue) yield* this._beat()
    else if (!this.isOwner && this._claims && this._mayClaim) yield* this._claim()
    else if (this.isOwner && this.mayHave && this.places > 0) yield* this._pull()
    else {
      if (this.isOwner && this.places > 0) this.awaitMessages()
      return false
    }
    return true
  }

  private *_claim(): Generator<never, void> {
    this._mayClaim = false
    const claimed = yield* this.sendClaim()
    if (claimed === null) return
    this.epoch = claimed.epoch
    if (!this._claims) return void (this.isReleaseDue = true)
    this._claims = false
    this.isOwner = this.mayHave = true
    this.wanted = 0
    this.begun(claimed.grant)
    this.driver?.granted(claimed.grant)
  }

  private *_pull(): Generator<never, void> {
    this.mayHave = false
    this._check(yield* this.sendPull())
  }

  private *_sayMark(): Generator<never, void> {
    this._isBeatNext = this._isBeatDue
    this._check(yield* this.sendMark())
  }

  private *_beat(): Generator<never, void> {
    this._isBeatDue = this._isBeatNext = false
    const { isOwner, handsOver } = yield* this.sendBeat()
    this._check(isOwner)
    if (isOwner && handsOver) this.driver?.handOver()
  }

  private *_release(): Generator<never, void> {
    this.isReleaseDue = false
    yield* this.sendRelease()
    this.isOwner = this._isBeatNext = false
  }

  private _check(isOwner: boolean): void {
    if (isOwner) return
    this.isOwner = false
    this._isBeatDue = this._isBeatNext = false
    this._mayClaim = true
    this.driver?.revoked()
  }
}
