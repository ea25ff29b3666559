import { failedLate } from '../../../runtime/internal.js'

/**
 * For the rejection of a clean-up that nobody waits for: a late failure, whose report names this part. The clean-up of a
 * stream that has just failed is rejected with the error of the stream, as `state` is (`closed` of a reader, `ready` of a
 * writer): that is no late failure.
 */
export function reportLate(part: string, state: Promise<unknown>): (cause: unknown) => Promise<void> {
  const report = (cause: unknown): void => failedLate(cause, { id: 0, name: part })
  return (cause) =>
    state.then(
      () => report(cause),
      (error: unknown) => {
        if (error !== cause) report(cause)
      },
    )
}
