/**
 * The probe: one nullable hook that sees what the runtime does. Off, it costs one branch an event. It is for dumps, traces and test kits;
 * it is called synchronously, must not throw, and must not perform operations. It sees names and things, never decides.
 */
import { queue } from './run-queue.js'

/** Each method is called as the event happens; `on` says what the goroutine waits for, in the words of Go's dumps (`chan receive`). */
export interface Probe {
  /** A goroutine was created; it starts soon. */
  spawn?(goroutine: Observed): void
  park?(goroutine: Observed, on: string): void
  /** A parked goroutine was granted what it waits for, and is ready. */
  wake?(goroutine: Observed): void
  end?(goroutine: Observed): void
  cancel?(goroutine: Observed): void
  cancelContext?(context: object): void
  /** A value entered a channel: a buffer, or straight to a receiver. */
  send?(channel: object): void
  /** A value left a channel, however it had come. */
  receive?(channel: object): void
  close?(channel: object): void
  /** A lock or permit was granted: to the goroutine that runs, or to one that waited and is woken next. */
  lock?(lock: object): void
  /** A lock or permit is given back, by whoever runs; it may be granted to the next at once. */
  unlock?(lock: object): void
  /** An operation was made: a send, a sleep, a select. */
  make?(operation: object): void
}

/** What a probe may know of a goroutine. */
export interface Observed {
  readonly id: number
  readonly name: string
}

/** Puts a probe in place of the one before; null takes it away. Answers the one before, so that probes can be stacked. */
export function setProbe(probe: Probe | null): Probe | null {
  const before = queue.probe
  queue.probe = probe
  return before
}
