/**
 * The reference of a thread to its end of a link. It is weak, so that an end without other references is collected, and strong while a
 * goroutine waits at the end, since such a goroutine may have no other owner.
 *
 * Always true: an end at which a goroutine waits is held.
 */
import type { FarChannel } from './far-channel.js'
import type { LinkSpec } from './link.js'

export class FarEnd {
  private readonly _channel: WeakRef<FarChannel<unknown>>
  private _held: FarChannel<unknown> | null = null
  private _isLooking = false

  constructor(
    readonly spec: LinkSpec,
    channel: FarChannel<unknown>,
  ) {
    this._channel = new WeakRef(channel)
    channel.end = this
  }

  /** Undefined once the end was collected. */
  get channel(): FarChannel<unknown> | undefined {
    return this._held ?? this._channel.deref()
  }

  /** Waiters may have come or left. They come after this call, in the same step. */
  used(channel: FarChannel<unknown>): void {
    this._held = channel
    if (this._isLooking) return
    this._isLooking = true
    queueMicrotask(() => {
      this._isLooking = false
      if (!channel.hasWaiters) this._held = null
    })
  }
}
