/**
 * Events that the probe and the order port both see. A primitive asks once, `if (queue.isWatched)`, and calls the
 * function of its event only then: on the hot path two questions in each place cost 6 % of a round of ping-pong.
 */
import type { Acquire, Release } from './order.js'
import type { Observed } from './probe.js'
import { queue } from './run-queue.js'

/** A goroutine is granted its operation. */
export function wakes(goroutine: Observed): void {
  queue.probe?.wake?.(goroutine)
  queue.order?.wake(goroutine)
}

/** The code that runs performs an operation. */
export function performs(operation: object): void {
  queue.probe?.perform?.(operation)
  queue.order?.border()
}

/** A value goes straight from a sender to a receiver; one of them is the waiter, the other the code that runs. */
export function passes(channel: object, waiter: object, isSender: boolean): void {
  queue.probe?.send?.(channel)
  queue.probe?.receive?.(channel)
  queue.order?.met(channel, waiter, isSender)
}

/** A value enters the buffer of a channel; `by` is the sender that had parked with it, null for the code that runs. */
export function puts(channel: object, by: object | null): void {
  queue.probe?.send?.(channel)
  queue.order?.put(channel, by)
}

/** The code that runs takes the first value of the buffer of a channel. */
export function takes(channel: object): void {
  queue.probe?.receive?.(channel)
  queue.order?.took(channel)
}

/** A lock is granted to the waiter `by`, or to the code that runs. */
export function locks(lock: object, how: Acquire, by: object | null): void {
  queue.probe?.lock?.(lock)
  queue.order?.acquire(lock, how, by)
}

export function unlocks(lock: object, how: Release): void {
  queue.probe?.unlock?.(lock)
  queue.order?.release(lock, how)
}
