/**
 * A partition of a log in the broker in memory, and the line of those that want to own it.
 *
 * Always true: a partition has one owner at most; an acknowledgement of anybody else has no effect; the floor never moves
 * backwards; the owner is sent at most `window` messages above the floor.
 */
import { QueuedTimer, time } from '../../../runtime/internal.js'
import type { LogRecord } from '../stored-message.js'
import type { LogPartition } from '../log-partition.js'
import type { Faults } from './faults.js'

/** A consumer of a partition, as the broker sees it. */
export interface Claim {
  /** The number of the worker: who is to own what. */
  readonly member: number
  readonly isAlive: boolean
  /** Sends something to the consumer. */
  tell(event: (part: LogPartition<unknown>) => void): void
}

export interface LogOptions {
  /** ms without a beat after which the owner has lost the partition. */
  readonly lease: number
  readonly window: number
  readonly faults: Faults
}

export class MemoryLogPartition {
  readonly records: LogRecord<unknown>[] = []
  floor = -1
  private _owner: Claim | null = null
  /** The last owner, as long as nobody else has owned the partition. */
  private _lastOwner: Claim | null = null
  private _line: Claim[] = []
  private _leaseUntil = 0
  private _next = 0
  private _wanted = 0
  private _rounds = 0
  private _floorOfRounds = -2
  /** Messages were sent to an owner that has not let the partition go: one of them may have ended its process. */
  private _isTried = false
  private readonly _timer = new QueuedTimer(null, () => this._assign())

  constructor(
    private readonly _options: LogOptions,
    /** The member that is to own the partition, of those in the line. */
    private readonly _preferred: (members: readonly number[]) => number,
  ) {}

  get owner(): Claim | null {
    return this._owner
  }
  /** Delivered and not settled. */
  get underWay(): number {
    return this._next - this.floor - 1
  }

  publish(record: Omit<LogRecord<unknown>, 'offset'>): number {
    const offset = this.records.length
    this.records.push({ ...record, offset })
    this._flush()
    return offset
  }

  claim(claim: Claim): void {
    if (this._owner === claim) this._owner = null
    if (!this._line.includes(claim)) this._line.push(claim)
    this._assign()
    const owner = this._owner // `_assign` sets it
    if (owner !== null && owner !== claim && this._prefers(claim, owner)) owner.tell((part) => part.handOver())
  }

  private _prefers(claim: Claim, owner: Claim): boolean {
    return this._preferred([owner.member, ...this._line.map(({ member }) => member)]) === claim.member
  }

  private _assign(): void {
    const now = time.timers.now()
    if (this._owner !== null && now < this._leaseUntil) return this._waitForLease(now)
    const lost = this._owner
    this._owner = null
    const alive = this._line.filter(({ isAlive }) => isAlive)
    const members = alive.map(({ member }) => member)
    const next = alive.find(({ member }) => member === this._preferred(members))
    lost?.tell((part) => part.revoked())
    if (next === undefined) return this._timer.stop()
    this._line = alive.filter((claim) => claim !== next)
    this._own(next, now)
  }

  private _waitForLease(now: number): void {
    if (this._line.length > 0 && !this._timer.isRunning) this._timer.start(this._leaseUntil - now)
  }

  protected _own(next: Claim, now: number): void {
    const continues = this._lastOwner === next
    this._owner = this._lastOwner = next
    this._leaseUntil = now + this._options.lease
    if (!continues) {
      this._rounds = this.floor === this._floorOfRounds ? this._rounds + Number(this._isTried) : 1
      this._floorOfRounds = this.floor
      this._isTried = false
    }
    this._wanted = 0
    this._next = this.floor + 1
    const grant = { floor: this.floor, rounds: this._rounds, continues }
    next.tell((part) => part.granted(grant))
    this._waitForLease(now)
  }

  pull(claim: Claim, n: number): void {
    if (!this._renewed(claim)) return
    this._wanted += n
    this._flush()
  }

  private _renewed(claim: Claim): boolean {
    if (claim !== this._owner) {
      claim.tell((part) => part.revoked())
      return false
    }
    this._leaseUntil = time.timers.now() + this._options.lease
    if (this._line.length > 0) this._timer.start(this._options.lease)
    return true
  }

  private _flush(): void {
    const { _owner: owner, records } = this
    if (owner === null) return
    const most = Math.min(records.length, this.floor + 1 + this._options.window)
    while (this._wanted > 0 && this._next < most) {
      this._wanted--
      this._isTried = true
      this._send(owner, records[this._next++])
      if (this._options.faults.happens('redeliveries')) this._send(owner, records[this._next - 1])
    }
  }

  private _send(owner: Claim, record: LogRecord<unknown>): void {
    owner.tell((part) => part.arrived(record))
  }

  /** Everything up to `offset` is settled. */
  acknowledge(claim: Claim, offset: number): void {
    if (claim !== this._owner) return
    this.floor = Math.max(this.floor, offset)
    this._flush()
  }

  beat(claim: Claim, floor: number): void {
    if (this._renewed(claim)) this.acknowledge(claim, floor)
  }

  release(claim: Claim): void {
    this._line = this._line.filter((one) => one !== claim)
    if (this._owner !== claim) return
    this._owner = null
    this._next = this.floor + 1
    this._isTried = false
    this._assign()
  }

  /** The broker has been down: who owned what is forgotten, the messages and the floor are not. */
  forget(): void {
    this._timer.stop()
    this._owner = null
    this._line = []
    this._wanted = 0
    this._next = this.floor + 1
  }
}
