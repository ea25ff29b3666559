import {
  causeOfThrown,
  Channel,
  checkCount,
  checkFunction,
  checkMethod,
  checkOneOf,
  checkOptions,
  mistyped,
  registered,
} from '../../../runtime/internal.js'
import { ListeningReceiver, type EventReceiver } from './listening-receiver.js'

/** Options of `eventsOf`. */
export interface EventsOptions<T> {
  /** Values that wait for a receiver; default 1024. */
  readonly capacity?: number
  /**
   * The rule for an event that finds the buffer full. Default `error`: the receiver is closed with an EventsLostError,
   * and no event is lost unseen.
   */
  readonly overflow?: 'error' | 'drop-oldest' | 'drop-newest'
  /** Events that close the receiver, such as `end` and `close`; default none. */
  readonly close?: readonly string[]
  /**
   * Makes the value of the arguments of an event, in the async context of the call of `eventsOf` where contexts are kept;
   * default: the first argument. An error that it throws ends the receiver; the emitter does not see it.
   */
  readonly map?: (...args: readonly never[]) => T
}

/** An event came while the buffer of `eventsOf` or `watch` was full. */
export class EventsLostError extends Error {
  override readonly name = 'EventsLostError'
  constructor(event: string, capacity: number, where: 'eventsOf' | 'watch' = 'eventsOf') {
    const otherwise = where === 'watch' ? '' : ', or set overflow to "drop-oldest" or "drop-newest"'
    super(`${where}: "${event}" was emitted while ${capacity} values wait; receive faster, or raise the capacity${otherwise}`)
  }
}

/** The parts of an EventEmitter that are used. */
export interface EmitterLike {
  /** Adds a listener. */
  on(event: string, listener: (...args: unknown[]) => void): unknown
  /** Removes a listener. */
  off(event: string, listener: (...args: unknown[]) => void): unknown
}

/**
 * The events of an EventEmitter as a receiver, with a buffer. An emitter cannot be paused: while the buffer is full,
 * the option `overflow` decides.
 *
 * A receive waits for the next event, and may be a case of `select`. It throws the error of an `error` event or of `map`,
 * the same object, which ends the receiver, and results in none after an event of `close`, after `stop()` and after `using`; the
 * buffer is received first. Each end removes all listeners. Throws TypeError for an argument that is no emitter.
 * Source: `events.on` of Node, which has no bound.
 *
 * @example
 * ```ts
 * import { EventEmitter } from 'node:events'
 *
 * const emitter = new EventEmitter()
 * const temperatures = eventsOf<number>(emitter, 'reading', { close: ['off'] })
 * for (const event of ['reading', 'reading', 'off']) emitter.emit(event, 21)
 * for (const it = range(temperatures); yield* it.next(); ) console.log(it.value)
 * ```
 */
export function eventsOf<T = unknown>(emitter: EmitterLike, event: string, options: EventsOptions<T> = {}): EventReceiver<T> {
  checkMethod('eventsOf(emitter)', 'an EventEmitter', emitter, 'off')
  if (typeof event !== 'string' && typeof event !== 'symbol') throw mistyped('eventsOf(emitter, event)', 'the name of an event', event)
  checkOptions('eventsOf(emitter, event, options)', options, ['capacity', 'overflow', 'close', 'map'])
  const { capacity = 1024, overflow = 'error', close = [], map } = options
  checkCount('eventsOf(emitter, event, { capacity })', 1, capacity)
  checkOneOf('eventsOf(emitter, event, { overflow })', ['error', 'drop-oldest', 'drop-newest'], overflow)
  if (!Array.isArray(close)) throw mistyped('eventsOf(emitter, event, { close })', 'an array of names of events', close)
  if (map !== undefined) checkFunction('eventsOf(emitter, event, { map })', map)
  const valueOf = (map ?? ((value: unknown) => value)) as (...args: readonly unknown[]) => T // the caller knows the arguments
  const items =
    overflow === 'error' ? new Channel<T>(capacity, null) : new Channel<T>(capacity, overflow === 'drop-oldest' ? 'oldest' : 'newest')
  return new ListeningReceiver<T>(items, (receiver) => {
    const listeners = new Map<string, (...args: unknown[]) => void>(close.map((name) => [name, () => receiver.end()]))
    if (event !== 'error') listeners.set('error', (cause) => receiver.end(cause))
    const arrived = (...args: readonly unknown[]): void => {
      try {
        if (!receiver.accept(valueOf(...args))) receiver.end(new EventsLostError(event, capacity))
      } catch (cause) {
        receiver.end(causeOfThrown(cause)) // thrown to the emitter, it would keep the event from other listeners
      }
    }
    listeners.set(event, map === undefined ? arrived : registered(arrived))
    for (const [name, listener] of listeners) emitter.on(name, listener)
    return () => {
      for (const [name, listener] of listeners) emitter.off(name, listener)
    }
  })
}
