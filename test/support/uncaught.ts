/** What nobody caught while `act` ran: the runtime hands it to the host, which throws it in a turn of its own. */
import { hostTurn } from './settle.js'

export async function uncaughtIn(act: () => Promise<void>): Promise<unknown> {
  let caught: unknown
  const note = (error: unknown) => void (caught ??= error)
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', note)
  try {
    await act()
    await new Promise((resolve) => setTimeout(resolve)) // after the timers of what was thrown before
    await hostTurn()
  } finally {
    process.off('uncaughtException', note)
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
  return caught
}
