/** What can be wrong with a run. */
import type { Observed } from '../runtime/index.js'
import type { Spawned } from '../runtime/kernel.js'
import { nameOf } from './trace.js'

/**
 * `failed`: the program's own throw. `crash`: a failure nobody joined. `deadlock`: the program waits and nothing can go on. `leak`: it has ended,
 * and left goroutines behind. `steps`: it had not ended at the step bound.
 */
export type FindingKind = 'failed' | 'crash' | 'deadlock' | 'leak' | 'steps'

export interface Finding {
  readonly kind: FindingKind
  /** What was thrown, for `failed` and `crash`. */
  readonly error?: unknown
  /** Those that wait at the end, and for what: `worker#3 [chan receive]`. */
  readonly waiting: readonly string[]
  readonly message: string
}

interface End {
  readonly main: Spawned
  readonly goroutines: readonly Spawned[]
  readonly crashes: readonly { readonly error: unknown; readonly by: Observed | null }[]
  /** The step bound was reached. */
  readonly isOut: boolean
}

export function judge({ main, goroutines, crashes, isOut }: End): Finding | null {
  const alive = goroutines.filter((one) => !one.hasEnded)
  const waiting = alive.map((one) => `${nameOf(one)} [${one.waitsFor}]`)
  const failure = main.failure
  if (failure !== null) return { kind: 'failed', error: failure.error, waiting, message: text(failure.error) }
  if (crashes.length > 0) {
    const [{ error, by }] = crashes
    return {
      kind: 'crash',
      error,
      waiting,
      message: `${by === null ? 'a callback' : nameOf(by)} failed, and nobody joined it: ${text(error)}`,
    }
  }
  if (isOut) return { kind: 'steps', waiting, message: `not ended within the step bound; alive: ${waiting.join(', ')}` }
  if (!main.hasEnded) return { kind: 'deadlock', waiting, message: `deadlock: all goroutines are blocked: ${waiting.join(', ')}` }
  if (alive.length > 0) return { kind: 'leak', waiting, message: `found unexpected goroutines: ${waiting.join(', ')}` }
  return null
}

function text(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
