import type { RaceOption } from '../race/index.js'
import type { MayCancel } from './cancels.js'
import type { MisuseOptions } from './misuses.js'

/** The misuses that the runner looks for, and the choices that a schedule has. */
export interface RunOptions extends MisuseOptions {
  readonly timers?: 'any-time' | 'when-idle'
  readonly cancel?: MayCancel
  readonly race?: RaceOption
  readonly strategy?: string
}
