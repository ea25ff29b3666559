/** The races of a run, beside its other findings. */
import { queue } from '../../runtime/internal.js'
import { RaceEngine, type RaceLevel } from '../race/index.js'
import { raceFinding, type Finding } from './findings.js'

export class Races {
  private readonly _engine: RaceEngine | null
  private _close = (): void => {}

  constructor(race: boolean | RaceLevel) {
    this._engine = race === false ? null : new RaceEngine(race === true ? 'order' : race)
  }

  open(): void {
    if (this._engine !== null) this._close = this._engine.open()
  }

  close(): void {
    this._close()
  }

  /** Begins a run. Stacks are kept only where the run is traced: they cost more than the run. */
  begin(isTraced: boolean): void {
    if (this._engine === null) return
    this._engine.begin(isTraced)
    queue.order = this._engine.order
  }

  /** A race comes before the other finding of the run, which it may explain. */
  judged(other: Finding | null): Finding | null {
    const race = this._engine?.firstRace() ?? null
    return race === null ? other : raceFinding(race, other)
  }
}
