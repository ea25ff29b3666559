/** The operations of a channel of numbers. */
import type { Option } from '../../../runtime/index.js'
import { none, PENDING, some, type Pending, type Waiter } from '../../../runtime/internal.js'
import { Refusal } from '../shared/waits.js'
import { SharedOperation } from '../shared/shared-operation.js'
import type { NumberChannel } from './numbers.js'
import { EMPTY, OVER } from './ring.js'

export class SendNumber extends SharedOperation<void> {
  constructor(
    private readonly _channel: NumberChannel,
    private readonly _value: number,
  ) {
    super(_channel.ring.writers)
  }
  override poll(): void | Pending {
    if (!this._channel.offer(this._value)) return PENDING
  }
  /** The grant is null, or the refusal. */
  take(): void | Pending {
    const { ring } = this._channel
    if (ring.isClosed) return new Refusal(this._channel.sendOnClosed()) as unknown as void // `finish` throws it
    return ring.put(this._value) ? undefined : PENDING
  }
  describe(): string {
    return 'chan send'
  }
}

export class ReceiveNumber extends SharedOperation<Option<number>> {
  constructor(private readonly _channel: NumberChannel) {
    super(_channel.ring.readers)
  }
  override poll(): Option<number> | Pending {
    const value = this._channel.take()
    if (value === EMPTY) return PENDING
    return value === OVER ? this._channel.drained(none) : some(value)
  }
  /** The grant is a number or OVER. */
  take(): Option<number> | Pending {
    const value = this._channel.ring.take(true)
    return value === EMPTY ? PENDING : (value as unknown as Option<number>) // `finish` makes the option
  }
  override finish(waiter: Waiter): Option<number> {
    const { raw } = waiter
    if (raw === OVER) return this._channel.drained(none)
    this._channel.ring.settled()
    return some(raw as number) // the other grant
  }
  override undo(waiter: Waiter, turn: number): void {
    if (waiter.raw !== OVER) this._channel.ring.giveBack(waiter.raw as number, turn) // the other grant
  }
  describe(): string {
    return 'chan receive'
  }
}

/** Waits until the channel is closed and drained. */
export class NumbersEnd extends SharedOperation<void> {
  constructor(private readonly _channel: NumberChannel) {
    super(_channel.ring.ends)
  }
  override poll(): void | Pending {
    return this.taken()
  }
  take(): void | Pending {
    if (!this._channel.ring.isOver) return PENDING
  }
  override finish(): void {}
  describe(): string {
    return 'chan close'
  }
}
