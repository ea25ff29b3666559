/**
 * Lets every runnable goroutine run until it ends or parks; no time passes. Settled is a run queue that stays empty over some turns of
 * the event loop, each of which ends with all microtasks done: so async functions over operations have come to rest as well.
 */
import { queue } from '../../src/runtime/scheduler/run-queue.js'

const QUIET_TURNS = 3

export const hostTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export async function settle(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet = queue.size === 0 ? quiet + 1 : 0) await hostTurn()
}

/**
 * The operations of this turn that complete at once do so whatever the time: none looks whether the slice is over, so none gives way on a
 * machine that is slow. To be called in the turn.
 */
export const neverLooksAtTheClock = (): void => void (queue.operations.left = 1000)
