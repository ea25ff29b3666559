import type { Op } from '../../../runtime/index.js'
import {
  failedLate,
  checkMethod,
  mistyped,
  PENDING,
  queue,
  QueuedOperation,
  WaitQueue,
  type AsyncScope,
  type Pending,
  type Resource,
  type Waiter,
} from '../../../runtime/internal.js'
import { checkBuffer, Inbox, type BufferOptions, type EventReceiver } from './inbox.js'

/* eslint-disable @typescript-eslint/no-explicit-any -- the caller says which events come: EventTarget has no type for them */

/** The part of an EventTarget that is used: an element, a window, an AbortSignal, a worker. */
export interface EventTargetLike {
  /** Adds a listener. */
  addEventListener(type: string, listener: (event: any) => void): void
  /** Removes a listener. */
  removeEventListener(type: string, listener: (event: any) => void): void
}
/* eslint-enable @typescript-eslint/no-explicit-any */

/**
 * The events of a type as a receiver, from now on. An EventTarget does not wait, so the buffer is stated: `capacity` events
 * wait for a receive, and `policy` says what happens to the next. `cancel` and `using` remove the listener.
 *
 * A receive waits for an event, and never results in none. It throws OverflowError with the policy `error`, and the cause of `cancel`.
 * Throws TypeError and RangeError for bad arguments. Source: the DOM Standard of WHATWG.
 *
 * @example
 * ```ts
 * using messages = eventsOf(socket, 'message', { capacity: 100, policy: 'drop-oldest' })
 * const message = yield* messages.receive()
 * ```
 */
export function eventsOf<E = Event>(target: EventTargetLike, type: string, buffer: BufferOptions): EventReceiver<E> {
  checkTarget('eventsOf(target)', target, type)
  checkBuffer('eventsOf(target, type, buffer)', buffer)
  const inbox = new Inbox<E>(`eventsOf(target, ${JSON.stringify(type)})`, buffer)
  return listen(target, { [type]: (event: E) => void inbox.arrive(event) }, inbox)
}

export function checkTarget(where: string, target: EventTargetLike, type: string): void {
  checkMethod(where, 'an EventTarget', target, 'addEventListener')
  if (typeof type !== 'string') throw mistyped(`${where}: type`, 'the name of an event', type)
}

/** Adds the listeners until the inbox is closed. Returns the inbox. */
export function listen<E, T>(target: EventTargetLike, listeners: Record<string, (event: E) => void>, inbox: Inbox<T>): Inbox<T> {
  const all = Object.entries(listeners)
  for (const [type, listener] of all) target.addEventListener(type, listener)
  return inbox.onClose(() => {
    for (const [type, listener] of all) target.removeEventListener(type, listener)
  })
}

/**
 * Waits for the next event of a type, as an operation: it listens while it waits, and leaves no listener behind where it
 * is given up or another case is chosen. Throws TypeError for bad arguments.
 *
 * @example
 * ```ts
 * const event = yield* nextEvent(socket, 'message').timeout(1000)
 * console.log(event.type) // message
 * ```
 */
export function nextEvent<E = Event>(target: EventTargetLike, type: string): Op<E> {
  checkTarget('nextEvent(target)', target, type)
  return new NextEvent(target, type)
}

class NextEvent<E> extends QueuedOperation<E> implements Resource {
  readonly kind = 'event'
  protected readonly waiters = new WaitQueue()
  /** The async context of the first wait: it listens, and stops listening there, whatever code ends the wait. */
  private _scope: AsyncScope | null = null
  private readonly _listener = (event: E): void => {
    this.waiters.settleAll(event)
    this._stop()
  }

  constructor(
    private readonly _target: EventTargetLike,
    private readonly _type: string,
  ) {
    super()
  }

  poll(): Pending {
    return PENDING
  }
  override park(waiter: Waiter): void {
    if (this.waiters.first === null) {
      this._scope = queue.scopeHere
      this._target.addEventListener(this._type, this._listener)
    }
    super.park(waiter)
  }
  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    if (this.waiters.first === null) this._stop()
  }
  /** A wait has its result, or is given up: an error of the target is a late failure. */
  private _stop(): void {
    try {
      queue.callIn(this._scope, () => this._target.removeEventListener(this._type, this._listener))
    } catch (error) {
      failedLate(error, { id: 0, name: `nextEvent: removeEventListener of ${this._type}` })
    }
  }
  override resources(): readonly Resource[] {
    return [this]
  }
  describe(): string {
    return `event ${this._type}`
  }
}
