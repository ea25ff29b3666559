import { chainOf, isInstance } from '../../runtime/internal.js'

/** A fault that a schedule chose: the crash of a goroutine, or a call that was dropped. */
export class FaultError extends Error {
  override readonly name = 'FaultError'
  constructor(
    readonly fault: 'crash' | 'drop',
    message: string,
  ) {
    super(message)
  }
}

/** Whether an error is a fault, or has a fault as its cause. */
export function isFault(error: unknown): boolean {
  return chainOf(error).some((one) => isInstance(one, FaultError))
}
