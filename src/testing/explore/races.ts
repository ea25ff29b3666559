/** The races of a run, beside its other findings. */
import { queue, type Order } from '../../runtime/internal.js'
import { levelOf, RaceEngine, type RaceOption } from '../race/index.js'
import { raceFinding, type Finding } from './findings.js'
import type { Steps } from './steps.js'

export class Races {
  private readonly _engine: RaceEngine | null
  private readonly _judges: boolean
  /** Called at each access of a run that is not judged. */
  unjudged: ((place: object, writes: boolean) => void) | null = null
  private _outer: Order | null = null
  private _close = (): void => {}

  /** `watches`: the accesses of cells are looked for also where races are not. */
  constructor(race: RaceOption, watches: boolean) {
    const level = levelOf(race) ?? 'stale'
    this._judges = race !== false
    this._engine = race !== false || watches ? new RaceEngine(level) : null
  }

  open(): void {
    this._outer = queue.order
    if (this._engine !== null) this._close = this._engine.open()
  }

  close(): void {
    this._close()
  }

  /** Begins a run. Stacks are kept only where the run is traced: they cost more than the run. */
  begin(isTraced: boolean, steps: Steps | null): void {
    const engine = this._engine
    if (engine !== null) {
      engine.begin(isTraced, isTraced)
      engine.onAccess = this.unjudged ?? steps?.touch ?? null
    }
    const order = engine?.order ?? this._outer
    queue.order = steps === null ? order : steps.port(order)
  }

  /** A race comes before the other finding of the run, which it may explain. */
  judged(other: Finding | null): Finding | null {
    const race = this._judges && this.unjudged === null ? (this._engine?.firstRace() ?? null) : null
    return race === null ? other : raceFinding(race, other)
  }
}
