/** The misuses that a runner looks for, as options and as one probe. */
import type { Probe } from '../../runtime/index.js'
import { Names, type Spawned, type Tracker } from '../../runtime/internal.js'
import { misuseFinding, type Finding } from './findings.js'
import { LateAdds, Unperformed } from './misuse.js'

/** The options of a run that ask for misuses. */
export interface MisuseOptions {
  readonly unperformed?: boolean
  readonly ownedLocks?: boolean
  readonly waitGroups?: boolean
}

export class Misuses {
  /** The events that the misuses are built on. */
  readonly probe: Probe
  readonly tracksLocks: boolean
  private readonly _unperformed: Unperformed | null
  private readonly _lateAdds: LateAdds | null

  constructor({ unperformed = true, ownedLocks = false, waitGroups = false }: MisuseOptions, say: (did: string, group: object) => void) {
    this.tracksLocks = ownedLocks
    this._unperformed = unperformed ? new Unperformed() : null
    this._lateAdds = waitGroups ? new LateAdds(say) : null
    this.probe = { ...unperformedProbe(this._unperformed), ...lateAddProbe(this._lateAdds) }
  }

  reset(): void {
    this._unperformed?.reset()
    this._lateAdds?.reset()
  }

  /** The finding of a run that is well otherwise. */
  finding(goroutines: readonly Spawned[], tracker: Tracker | null): Finding | null {
    const foreign = this.tracksLocks ? tracker?.foreignUnlock : null
    if (typeof foreign === 'string') return misuseFinding('foreign-unlock', `a goroutine unlocked a lock that it does not hold: ${foreign}`)
    // A canceled goroutine may not have reached the yield* of an operation, or its wait.
    if (goroutines.some((one) => one.wasCanceled)) return null
    const unperformed = this._unperformed?.first() ?? null
    if (unperformed !== null)
      return misuseFinding('unperformed', `an operation was made and never performed: ${unperformed}; use yield* or await`)
    const late = this._lateAdds?.first(tracker?.names ?? new Names()) ?? null
    return late === null ? null : misuseFinding('late-add', `a wait group was added to after the last wait on it: ${late}`)
  }
}

function unperformedProbe(unperformed: Unperformed | null): Probe {
  if (unperformed === null) return {}
  return { make: (operation) => unperformed.make(operation), perform: (operation) => unperformed.perform(operation) }
}

function lateAddProbe(lateAdds: LateAdds | null): Probe {
  if (lateAdds === null) return {}
  return {
    add: (group) => lateAdds.add(group),
    lateAdd: (group) => lateAdds.lateAdd(group),
    wait: (group) => lateAdds.wait(group),
  }
}
