/**
 * A queue in the broker in memory: consumers compete, and a message comes again when its lease ends without a settlement.
 *
 *     ready ──sent──▶ leased ──done──▶ gone
 *       ▲               ├──retry──▶ paused ──the pause is over──┐
 *       └───────────────┴──the lease ends, returned─────────────┘
 *
 * Always true: `_ready` has the messages that are ready; a settlement or a beat of another lease has no effect.
 */
import { QueuedTimer, Ring, time } from '../../../runtime/internal.js'
import type { LogRecord } from '../stored-message.js'
import type { Faults } from './faults.js'

export interface QueueConsumer {
  readonly isAlive: boolean
  arrived(record: LogRecord<unknown>, attempt: number): void
  /** Another consumer may have the message by now. */
  lost(offset: number, attempt: number): void
}

interface Leased {
  readonly record: LogRecord<unknown>
  state: 'ready' | 'leased' | 'paused'
  attempts: number
  consumer: QueueConsumer | null
  /** In ms: the end of the lease, or the time from which the message is ready. */
  at: number
}

export class MemoryQueue {
  readonly records: LogRecord<unknown>[] = []
  private readonly _messages = new Map<number, Leased>()
  private readonly _ready = new Ring<Leased>()
  private readonly _line: { readonly consumer: QueueConsumer; wanted: number }[] = []
  /** When the timer is to end, in ms. */
  private _due = Infinity
  private readonly _timer = new QueuedTimer(null, () => this._expire())

  constructor(
    private readonly _lease: number,
    private readonly _faults: Faults,
  ) {}

  get waiting(): number {
    return [...this._messages.values()].filter(({ state }) => state !== 'leased').length
  }
  get underWay(): number {
    return this._messages.size - this.waiting
  }
  /** The time of the oldest message, in ms; Infinity without one. */
  get oldest(): number {
    let oldest = Infinity
    for (const { record } of this._messages.values()) oldest = Math.min(oldest, record.time)
    return oldest
  }

  publish(record: Omit<LogRecord<unknown>, 'offset'>): number {
    const offset = this.records.length
    const whole = { ...record, offset }
    this.records.push(whole)
    const message: Leased = { record: whole, state: 'ready', attempts: 0, consumer: null, at: 0 }
    this._messages.set(offset, message)
    this._ready.push(message)
    this._flush()
    return offset
  }

  pull(consumer: QueueConsumer, n: number): void {
    const stands = this._line.find((one) => one.consumer === consumer)
    if (stands === undefined) this._line.push({ consumer, wanted: n })
    else stands.wanted += n
    this._flush()
  }

  /** One message for each in turn. */
  private _flush(): void {
    for (;;) {
      const next = this._line.find(({ consumer, wanted }) => consumer.isAlive && wanted > 0)
      if (next === undefined) return
      const message = this._ready.shift()
      if (message === undefined) return
      this._line.push(...this._line.splice(this._line.indexOf(next), 1))
      next.wanted--
      this._send(next.consumer, message)
    }
  }

  private _send(consumer: QueueConsumer, message: Leased): void {
    message.attempts++
    message.consumer = consumer
    message.state = 'leased'
    this._until(message, this._lease)
    consumer.arrived(message.record, message.attempts)
    if (this._faults.happens('redeliveries')) this._release(message, 0)
  }

  private _held(consumer: QueueConsumer, offset: number, attempt: number): Leased | null {
    const message = this._messages.get(offset)
    return message?.consumer === consumer && message.attempts === attempt ? message : null
  }

  done(consumer: QueueConsumer, offset: number, attempt: number): void {
    if (this._held(consumer, offset, attempt) !== null) this._messages.delete(offset)
  }

  /** To be delivered again, after this number of ms. */
  retry(consumer: QueueConsumer, offset: number, attempt: number, after: number): void {
    const message = this._held(consumer, offset, attempt)
    if (message !== null) this._release(message, after)
  }

  /** Never worked on: the attempt does not count. */
  returned(consumer: QueueConsumer, offset: number, attempt: number): void {
    const message = this._held(consumer, offset, attempt)
    if (message === null) return
    message.attempts--
    this._release(message, 0)
  }

  private _release(message: Leased, after: number): void {
    message.consumer = null
    if (after > 0) {
      message.state = 'paused'
      this._until(message, after)
    } else this._isReady(message)
    this._flush()
  }

  private _isReady(message: Leased): void {
    message.consumer = null
    message.state = 'ready'
    this._ready.push(message)
  }

  private _until(message: Leased, ms: number): void {
    message.at = time.timers.now() + ms
    if (this._timer.isRunning && this._due <= message.at) return
    this._due = message.at
    this._timer.start(ms)
  }

  beat(consumer: QueueConsumer, held: readonly (readonly [offset: number, attempt: number])[]): void {
    for (const [offset, attempt] of held) {
      const message = this._held(consumer, offset, attempt)
      if (message === null) consumer.lost(offset, attempt)
      else message.at = time.timers.now() + this._lease
    }
  }

  leave(consumer: QueueConsumer): void {
    const at = this._line.findIndex((one) => one.consumer === consumer)
    if (at >= 0) this._line.splice(at, 1)
  }

  /** Leases that have ended, and pauses that are over. */
  private _expire(): void {
    const now = time.timers.now()
    const timed = [...this._messages.values()].filter(({ state }) => state !== 'ready')
    for (const message of timed) if (message.at <= now) this._isReady(message)
    this._due = timed.reduce((due, { at }) => (at > now ? Math.min(due, at) : due), Infinity)
    if (this._due !== Infinity) this._timer.start(this._due - now)
    this._flush()
  }

  /** The broker has been down: consumers are forgotten, leases run on. */
  forget(): void {
    this._line.length = 0
  }
}
