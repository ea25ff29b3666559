/** The named errors of the package. Mistakes in arguments are TypeErrors and RangeErrors: see `arguments.ts`. */

/**
 * Go's `context.Canceled`: the work was called off. `cause` is the argument of `cancel`; there is none without one.
 */
export class CanceledError extends Error {
  override readonly name = 'CanceledError'
  /** The waits that this end has cut off, as in dumps, with the name of the goroutine: `chan receive in worker`. At most five. */
  declare readonly waits?: readonly string[]
  constructor(cause?: unknown, message = 'context canceled') {
    super(String(message), cause === undefined ? undefined : { cause })
  }
}

/**
 * Go's `context.DeadlineExceeded`: the time allowed is over. The message of a context's error is Go's; `limit` and
 * `waits` say which time was over, and where.
 */
export class DeadlineExceededError extends Error {
  override readonly name = 'DeadlineExceededError'
  /** The deadline of the context that is over: `withTimeout(50 ms)`, `withDeadline(2026-01-01T00:00:00.000Z)`. */
  declare readonly limit?: string
  /** The waits that this end has cut off, as in dumps, with the name of the goroutine: `chan receive in worker`. At most five. */
  declare readonly waits?: readonly string[]
  constructor(message = 'context deadline exceeded') {
    super(String(message)) // from JavaScript it may be a symbol, which `super` cannot convert
  }
  /** Always true, as Go's `Timeout()`: tells a deadline from other failures. */
  readonly timeout = true
}

/**
 * Makes an error without capturing a stack: being canceled is an outcome, not a fault, and the stack would be that of
 * the canceler. Buys 2.5 µs → 0.3 µs for each cancellation.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit
  if (!Reflect.set(Error, 'stackTraceLimit', 0)) return make()
  try {
    return make()
  } finally {
    Error.stackTraceLimit = limit
  }
}

/** The cause to close a channel with after this was thrown: a close with undefined would be a good end. */
export function causeOfThrown(thrown: unknown): unknown {
  return thrown === undefined ? new Error('undefined was thrown') : thrown
}
