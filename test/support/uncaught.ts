/** The error that the runtime reports to the host as uncaught while `act` runs. */
import { vi } from 'vitest'

export async function uncaughtIn(act: () => Promise<void>): Promise<unknown> {
  const report = vi.fn<(error: unknown) => void>()
  vi.stubGlobal('reportError', report) // Node has none
  try {
    await act()
  } finally {
    vi.unstubAllGlobals()
  }
  return report.mock.calls[0]?.[0]
}
