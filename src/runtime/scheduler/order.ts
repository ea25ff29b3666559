/**
 * The order port: one nullable hook beside the probe. The primitives report to it which events come before which, so
 * that the race engine of the test kit can keep vector clocks. Without one, an event costs a branch.
 *
 * "The code that runs" is the goroutine under way (`queue.running`), or the code that `within` names, or else the host.
 *
 * Always true: an edge is reported no later than the code that it leads to runs. A missing edge is a false report, an
 * edge too many hides a race. So where a primitive could not tell, it reports the edge.
 */
import type { Observed } from './probe.js'

/**
 * - `close`: a channel; `unlock`, `rUnlock`: a lock, of a writer or a reader; `permit`: of a semaphore.
 * - `add`, `done`: the counter of a wait group; `first add`: from zero.
 * - `end`: a goroutine, a function of a group, a shared run; `cancel`: a context.
 * - `leave`: a channel whose close may meet a send: its receiver leaves, and a send fails by contract, or its sender looks first.
 * - `start`: the work handed to a group or a context, which starts later; `signal`: a condition.
 */
export type Release =
  'close' | 'unlock' | 'rUnlock' | 'permit' | 'add' | 'first add' | 'done' | 'end' | 'cancel' | 'leave' | 'start' | 'signal'

/**
 * As the releases. `send`: an attempt to send, which a close must not meet; `wait`: a wait on a wait group returns;
 * `begin wait`: it begins while the counter is not zero; `quiescence`: no other goroutine can go on, so that all of them have come before.
 */
export type Acquire =
  'closed' | 'send' | 'lock' | 'rLock' | 'permit' | 'begin wait' | 'wait' | 'end' | 'canceled' | 'start' | 'signal' | 'quiescence'

export interface Order {
  /** The code that runs starts a goroutine. */
  spawn(goroutine: Observed): void
  /** The code that runs begins an operation: what it did so far and what it does after the operation are two sections. */
  border(): void
  /** A waiter that is no goroutine (an `await`) begins to wait, in the name of the code that runs. */
  parks(waiter: object): void
  /** The code that runs grants a waiter its operation. */
  wake(waiter: object): void
  /** The code that runs cancels a goroutine. */
  cancel(goroutine: Observed): void
  /** A goroutine begins to wait, or lets others run: its section is over. */
  suspends(goroutine: Observed): void
  /** A goroutine ends. The calls of its owner and the grants of its joiners follow, in its name. */
  end(goroutine: Observed): void
  /** Calls `f` in the name of a goroutine, of the code that parked this waiter, or that took this mark. */
  within(whose: object, f: () => void): void
  /** A mark of the code that runs, for `within`. */
  mark(): object

  /** A value enters the buffer of a channel; `by` is the sender that had parked with it, null for the code that runs. */
  put(channel: object, by: object | null): void
  /** The code that runs takes the first value of the buffer. */
  took(channel: object): void
  /** A value goes straight from the code that runs to the waiter, or from the waiter to the code that runs. */
  met(channel: object, waiter: object, isSender: boolean): void
  /** The first value of the buffer is lost. */
  lost(channel: object): void
  /** A value that was granted and given back enters the buffer, at `index`, or goes to a receiver that waits. */
  returned(channel: object, index: number, receiver: object | null): void

  /** The code so far comes before the code that acquires the thing later. */
  release(thing: object, how: Release): void
  /** The code that runs, or the waiter that is granted the thing, comes after the releases of the thing so far. */
  acquire(thing: object, how: Acquire, by?: object | null): void
  /** An atomic step on an entry of a thing that orders: a key of a sync map, the iterator of a concurrent map. */
  entry(thing: object, key: unknown, writes: boolean): void
}
