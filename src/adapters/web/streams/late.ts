import { failedLate } from '../../../runtime/internal.js'

/** For the rejection of a clean-up that nobody waits for: a late failure, whose report names this part. */
export function reportLate(part: string): (cause: unknown) => void {
  return (cause) => failedLate(cause, { id: 0, name: part })
}
