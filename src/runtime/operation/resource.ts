import type { Waiter } from './waiter.js'

/**
 * A primitive that goroutines wait for: a channel, a lock, a context, another goroutine. `kind` is the word for it in
 * dumps and reports (`chan`, `mutex`): a literal, so that a minified bundle prints the same word.
 */
export interface Resource {
  readonly kind: string
  /** For a lock that more than its holders delay: the waiters that are served before this waiter. */
  waitersAhead?(waiter: Waiter): readonly Waiter[]
}
