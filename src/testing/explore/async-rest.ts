/**
 * Async functions of a run continue by microtasks. While they do, the host has no turn, and no code outside runs.
 */
import { queue, type Spawned } from '../../runtime/internal.js'

/** Microtasks in a row without an operation, after which async functions count as at rest. */
const QUIET_MICROTASKS = 500

/** Resolves when a step is ready, or all async functions wait for operations; to whether the latter is so. */
export async function asyncRest(): Promise<boolean> {
  queue.operations.left = 0 // an async function yields after its first operation
  let { count } = queue.async
  for (let quiet = 0; quiet < QUIET_MICROTASKS && queue.size === 0 && queue.live > 0; quiet++) {
    await Promise.resolve()
    if (queue.async.count !== count) quiet = 0
    count = queue.async.count
  }
  return queue.size === 0
}

/** A promise settles by microtasks, as an async function continues. */
export function waitsForPromise({ operation }: Spawned): boolean {
  return operation?.resources().some(({ kind }) => kind === 'promise') === true
}
