/** Performs an operation in each of the three ways, and shows the state of that performance. */
import { go, type Job, type Op } from 'millrace'
import { from } from 'rxjs'
import { expect } from 'vitest'

type State<T> = { is: 'waiting' } | { is: 'done'; value: T } | { is: 'thrown'; cause: unknown }

export const waiting: State<never> = { is: 'waiting' }
export const done = <T>(value: T): State<T> => ({ is: 'done', value })
export const thrown = (cause: unknown): State<never> => ({ is: 'thrown', cause })
/** A thrown error with exactly this message. */
export const thrownError = (message: string): State<never> => thrown(expect.objectContaining({ message }))

/** `now` is the current state; `leave` withdraws, by a cancel or by unsubscribing (an `await` cannot). */
export interface Outcome<T> {
  now: State<T>
  leave(): void
}

export type Perform = <T>(op: Op<T> | Job<T>) => Outcome<T>

/** By `yield*`, in a new goroutine. */
export const performed: Perform = <T>(op: Op<T> | Job<T>) => {
  const goroutine = go(function* () {
    try {
      outcome.now = done(yield* op)
    } catch (cause) {
      outcome.now = thrown(cause)
    }
  })
  // race-ok: a test looks from outside how far the operation is
  const outcome: Outcome<T> = { now: waiting, leave: () => goroutine.cancel() }
  return outcome
}

export const awaited: Perform = <T>(op: Op<T> | Job<T>) => {
  const outcome: Outcome<T> = { now: waiting, leave: () => expect.unreachable('an await cannot leave') }
  void (async () => {
    try {
      outcome.now = done(await op)
    } catch (cause) {
      outcome.now = thrown(cause)
    }
  })()
  return outcome
}

export const subscribed: Perform = <T>(op: Op<T> | Job<T>) => {
  const outcome: Outcome<T> = { now: waiting, leave: () => subscription.unsubscribe() }
  const subscription = from(op as Op<T>).subscribe({
    next: (value) => (outcome.now = done(value)),
    error: (cause: unknown) => (outcome.now = thrown(cause)),
  })
  return outcome
}

export const ways: readonly (readonly [string, Perform])[] = [
  ['yield*', performed],
  ['await', awaited],
  ['from(op)', subscribed],
]
