/** Faults that a schedule chooses: the crash of a worker, a lost acknowledgement, a message that is delivered twice. */
import { checkCount, checkMethod, checkOptions } from '../../../runtime/internal.js'

/** Makes choices: the trial of an exploration does. */
export interface Chooser {
  /** A number from 0 up to, but not including, `n`. Fewest faults are at 0. */
  choose(n: number): number
}

/** The most faults of each kind in a run; default 1 of each. */
export interface FaultOptions {
  readonly crashes?: number
  readonly lostAcknowledgements?: number
  readonly redeliveries?: number
}

/** A fault is chosen once in about this number of chances. */
const ODDS = 12

export class Faults {
  private readonly _left: Record<keyof FaultOptions, number>

  constructor(
    private readonly _chooser: Chooser | null,
    { crashes = 1, lostAcknowledgements = 1, redeliveries = 1 }: FaultOptions,
  ) {
    this._left = { crashes, lostAcknowledgements, redeliveries }
  }

  /** Whether the fault happens now. */
  happens(kind: keyof FaultOptions): boolean {
    if (this._chooser === null || this._left[kind] === 0) return false
    if (this._chooser.choose(ODDS) !== ODDS - 1) return false
    this._left[kind]--
    return true
  }
}

export function faultsOf(chooser: Chooser | undefined, options: FaultOptions | undefined): Faults {
  checkOptions('memoryBroker({ most })', options, ['crashes', 'lostAcknowledgements', 'redeliveries'])
  for (const [name, n] of Object.entries(options ?? {}))
    if (n !== undefined) checkCount(`memoryBroker({ most: { ${name} } })`, 0, n as number) // a record of numbers
  if (chooser !== undefined) {
    checkMethod('memoryBroker({ faults })', 'an object with choose(n)', chooser, 'choose')
  }
  return new Faults(chooser ?? null, options ?? {})
}
