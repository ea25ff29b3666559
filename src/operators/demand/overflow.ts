/**
 * An overflow of the stack while a stage subscribes. Where `concat`, `merge` or `defer` are nested some thousand deep, their
 * subscription does not fit on the stack. Each operator on the way back catches the RangeError and passes it on, with
 * hardly any stack left, to a subscriber that may have stopped meanwhile: then RxJS loses the error, and the pipeline
 * would wait forever.
 *
 * So an error that arrives with hardly any stack left is not handled there, and an error that arrives at a stopped
 * subscriber, for which RxJS reads its configuration, is noticed. The pipeline fails when the subscription returns.
 *
 * Always true: the configuration of RxJS has an accessor exactly while a stage subscribes, and keeps its value.
 */
import { config, type Observer } from 'rxjs'

/** Frames without which no error is handled. */
const ROOM = 1000

/** Stages that subscribe at this moment, and the overflows that none of them has reported. */
let subscribing = 0
let overflows = 0

/** An observer that leaves an overflow to `subscribe`, which calls `failed`. */
export class OverflowWatch<T> implements Observer<T> {
  readonly next: (value: T) => void
  private _hasEnded = false

  constructor(private readonly _observer: Observer<T>) {
    this.next = _observer.next
  }

  readonly error = (cause: unknown): void => {
    if (subscribing > 0 && !hasRoom()) return void overflows++
    this._hasEnded = true
    this._observer.error(cause)
  }

  readonly complete = (): void => {
    this._hasEnded = true
    this._observer.complete()
  }

  /** Calls `subscribe`, and `failed` with the error of an overflow in it. */
  watch(subscribe: () => void, failed: (cause: RangeError) => void): void {
    const before = overflows
    const restore = subscribing++ === 0 ? watchStopped() : null
    try {
      subscribe()
    } finally {
      subscribing--
      restore?.()
    }
    if (overflows === before) return
    overflows = before
    if (!this._hasEnded) failed(new RangeError(MESSAGE))
  }
}

const MESSAGE =
  'millrace: the stack overflowed as the pipeline was subscribed to: concat, merge or defer are nested too deep; use a loop in fromGoroutine, concatMap over an iterable, or a stage that holds items, such as queue(1), between them'

/** Notices each notification to a stopped subscriber. Returns the function that ends this. */
function watchStopped(): () => void {
  let value = config.onStoppedNotification
  const notice = (): typeof value => {
    if (!hasRoom()) overflows++
    return value
  }
  const property = { configurable: true, enumerable: true }
  Object.defineProperty(config, 'onStoppedNotification', { ...property, get: notice, set: (hook: typeof value) => void (value = hook) })
  return () => Object.defineProperty(config, 'onStoppedNotification', { ...property, writable: true, value })
}

function hasRoom(): boolean {
  try {
    return descend(ROOM) === ROOM
  } catch {
    return false
  }
}

/** Adds to its own result: JavaScriptCore gives a call in tail position no frame. */
function descend(frames: number): number {
  return frames === 0 ? 0 : 1 + descend(frames - 1)
}
