import { ALL, GUARD, RETURNED, type Accessor, type Frame, type GoesBy, type RaceEngine } from '../race/index.js'

/** Accesses of a site. One object for all of them, filled for each: no hook runs code of the user. */
class SiteAccessor implements Accessor {
  private _engine: RaceEngine | null = null
  private _object: object = this
  private _site = 0
  private _readSite = 0
  private _flags = 0
  private _frame: Frame | null = null
  private _goesBy: GoesBy | null = null

  // eslint-disable-next-line max-params -- called at each access: a record would be allocated
  of(engine: RaceEngine, object: object, site: number, readSite: number, flags: number, frame: Frame | null, goesBy: GoesBy | null): this {
    this._engine = engine
    this._object = object
    this._site = site
    this._readSite = readSite
    this._flags = flags
    this._frame = frame
    this._goesBy = goesBy
    return this
  }

  /** The accesses are noted: the object is not kept. */
  release(): void {
    this._object = this
    this._frame = null
    this._goesBy = null
  }

  read(key: unknown, flags: number): void {
    this._read(key, flags, this._readSite < 0 ? this._site : this._readSite)
  }

  readResult(key: unknown, flags = 0): void {
    if (this._readSite >= 0) this._read(key, flags, this._readSite)
  }

  write(key: unknown, flags: number, value: unknown): void {
    const engine = this._engine as RaceEngine // set by `of`
    engine.write(engine.placeOf(this._object, key, this._site), this._site, flags | (this._flags & ~GUARDS), value, this._goesBy)
  }

  private _read(key: unknown, flags: number, site: number): void {
    const engine = this._engine as RaceEngine // set by `of`
    const frame = key === ALL ? null : this._frame
    engine.read(engine.placeOf(this._object, key, site), site, flags | (this._flags & GUARDS), frame)
  }
}
/** The flags of the reads among the accesses of a call. */
const GUARDS = GUARD | RETURNED
export const accessor = new SiteAccessor()
