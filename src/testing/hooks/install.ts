import { shared } from '../../runtime/internal.js'
import { hooks } from './hooks.js'
import { watchPromises } from './promises.js'
import { watchTimers } from './timers.js'

/** The key in the global registry of symbols under which instrumented code finds its hooks. */
export const HOOKS = 'millrace.race-hooks.v1'

const installed = shared<{ count: number; stop: () => void }>('millrace.race-installed.v1', () => ({ count: 0, stop: () => {} }))

/** Announces promises and timers to the engine in force, and gives instrumented code its hooks. Returns a function that ends it. */
export function installHooks(): () => void {
  const places = globalThis as unknown as Record<symbol, unknown> // a key of the package
  places[Symbol.for(HOOKS)] ??= hooks
  if (installed.count++ === 0) {
    const stops = [watchPromises(), watchTimers()]
    installed.stop = () => {
      for (const stop of stops) stop()
    }
  }
  return () => {
    if (--installed.count === 0) installed.stop()
  }
}
