/**
 * Lets every ready goroutine run until it ends or parks; no time passes. The run queue counts as settled when it stays
 * empty for some turns of the event loop, each with all its microtasks: so async functions over operations have settled too.
 */
import { queue } from '../../src/runtime/scheduler/run-queue.js'

const QUIET_TURNS = 3

export const hostTurn = (): Promise<void> => new Promise(typeof setImmediate === 'function' ? setImmediate : byMessage)

/** In a browser, which delays nested timers to 4 ms. */
function byMessage(resolve: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    resolve()
  }
  port2.postMessage(null)
}

export async function settle(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet = queue.size === 0 ? quiet + 1 : 0) await hostTurn()
}

/**
 * The ready operations of this turn complete at once whatever the time: none checks whether the slice is over, so none yields on a slow
 * machine. Call it in the turn.
 */
export const neverLooksAtTheClock = (): void => void (queue.operations.left = 1000)
