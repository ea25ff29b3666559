/** Whether this realm is a thread of a pool. */
import { nodeModule } from '../hosts/node-modules.js'
import { isWebThread } from '../hosts/web-host.js'
import type { Boot } from '../wire/batch.js'

/** The data that the pool has started this thread with; null elsewhere. */
export function bootOf(): Boot | null {
  const threads = nodeModule('node:worker_threads')
  if (threads === null || threads.isMainThread) return null
  const data = threads.workerData as { readonly millrace?: Boot } | null | undefined // other code starts threads with other data
  return data?.millrace ?? null
}

/** True in a thread of a pool; there the functions of `onThreads` run where they are called. */
export function isThread(): boolean {
  return isWebThread() || bootOf() !== null
}
