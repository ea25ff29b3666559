/** The errors of threads. Each names the function that was called. */

/**
 * A thread ended while it ran a function: by `process.exit`, out of memory, by an error that nothing caught, by
 * termination; or the module of the function could not be loaded. The call was not repeated, since it may have had effects.
 * Operations of `shared.mutex` and `shared.waitGroup` throw it too, where a lost thread held the lock or had the group.
 */
export class ThreadLostError extends Error {
  override readonly name = 'ThreadLostError'
  /** The name of the function, as the record of `onThreads` has it; empty for an operation of `shared`. */
  readonly functionName: string
  constructor(message: string, functionName: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.functionName = functionName
  }
}

/** A value that cannot be sent to or from a thread: the message has the path to the part that cannot be cloned. */
export class UnclonableError extends TypeError {
  override readonly name = 'UnclonableError'
  /** The name of the function, as the record of `onThreads` has it. */
  readonly functionName: string
  constructor(message: string, functionName: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.functionName = functionName
  }
}
