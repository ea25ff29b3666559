import { failedLate } from '../../../runtime/internal.js'

/**
 * For the rejection of a clean-up that nobody waits for: a late failure, whose report names this part. Two rejections are none: the
 * error of the stream itself, as `state` is (`closed` of a reader, `ready` of a writer), where the stream has just failed; and the
 * reason of the clean-up, with which a TransformStream rejects it where both of its sides are left.
 */
export function reportLate(part: string, reason: unknown, state: Promise<unknown>): (cause: unknown) => Promise<void> {
  const report = (cause: unknown): void => {
    if (cause !== reason) failedLate(cause, { id: 0, name: part })
  }
  return (cause) =>
    state.then(
      () => report(cause),
      (error: unknown) => {
        if (error !== cause) report(cause)
      },
    )
}
