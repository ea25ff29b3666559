/**
 * The race engine: clocks, places and rules of one run at a time. An exploration has one and begins it anew for each run; a
 * bubble has one; the loader has one for the process.
 *
 * This is the seam for instrumented code. Its hooks call `current()?.`
 * - `read(place, site, flags, frame)` before a read, and `write(place, site, flags, value, goesBy)` before a write, where the
 *   place is `placeOf(object, key, site)`, or `placeOfVariable(variable)` for a captured variable;
 * - `goesOn(frame)` after each `await`, `yield` and `yield*`;
 * - `frame(name)` at the start of an invocation whose reads later writes go by.
 * The host announces code outside of goroutines to `continuations`.
 */
import { captureOrigin, captureStack, queue, shared, type Order, type Task } from '../../runtime/internal.js'
import { Accesses, type RaceLevel, type Reporting } from './accesses.js'
import { isAllowed, isAllowedAt } from './allowed.js'
import { Continuations } from './continuations.js'
import { Edges } from './edges.js'
import { Frame, type GoesBy } from './frame.js'
import { Microtasks } from './microtasks.js'
import { Misuse } from './misuse.js'
import { Places, type Access, type Place, type Stack, type Where } from './places.js'
import { raceError, type Race, type RaceError } from './report.js'
import { sites } from './sites.js'
import { StaleRule, type Element } from './stale.js'
import type { Strand, TaskInfo } from './strand.js'
import { Strands } from './strands.js'
import type { Values } from './values.js'

export type { RaceLevel } from './accesses.js'

/** Reports that a run keeps. */
const MOST_REPORTS = 100

interface State {
  readonly strands: Strands
  readonly places: Places
  readonly accesses: Accesses
  readonly edges: Edges
  readonly continuations: Continuations
}

/** A captured variable of instrumented code, which outlives a run, and its place in the run that has accessed it last. */
export interface Variable {
  readonly name: string
  place: Place | null
  places: Places | null
}

export class RaceEngine {
  private _state: State
  private _races: Race[] = []
  /** Receives each access: its place, and whether the access is a write. */
  onAccess: ((place: object, writes: boolean) => void) | null = null
  private _reported = new Set<string>()
  private _call = NO_CALL
  private _invocations = 0
  private readonly _to: Reporting = {
    report: (race) => this._report(race),
    whereOf: (name) => this._callOf(name) ?? this.stack(),
    // The port reports tasks.
    startOf: (goroutine) => this._callOf('go') ?? (this._keepsStacks ? captureOrigin(goroutine as Task) : null),
    stack: () => this.stack(),
    stackOfEach: () => (this._keepsAll ? this.stack() : null),
  }
  private readonly _microtasks = new Microtasks()
  private readonly _judge = (strand: Strand): void => this._state.accesses.judge(strand)

  constructor(
    private readonly _level: RaceLevel,
    /** Whether accesses and starts keep their stacks. */
    private _keepsStacks = true,
    /** Called for each race as it is found; without it races wait for `takeRaces`. */
    private readonly _onRace: ((race: RaceError) => void) | null = null,
    /** Whether accesses at sites keep their stacks too. */
    private _keepsAll = false,
  ) {
    this._state = this._newState()
  }

  /** The engine becomes that of the process, until the function is called that it returns. */
  open(): () => void {
    const before = { engine: inForce.engine, order: queue.order }
    inForce.engine = this
    queue.order = this.order
    return () => {
      inForce.engine = before.engine
      queue.order = before.order
    }
  }

  get order(): Order {
    return this._state.edges
  }

  /** Forgets all that was: a new run begins. */
  begin(keepsStacks = this._keepsStacks, keepsAll = this._keepsAll): void {
    this._keepsStacks = keepsStacks
    this._keepsAll = keepsAll
    this._call = NO_CALL
    this._state = this._newState()
    this._races = []
    this._reported.clear()
    if (inForce.engine === this) queue.order = this.order
  }

  /** The races so far, at the end of a run. */
  takeRaces(): readonly RaceError[] {
    this._state.accesses.judgeAll()
    return this._races.splice(0).map(raceError)
  }

  /** The first race so far, at the end of a run: a stale write says more than the unordered access that it is as well. */
  firstRace(): RaceError | null {
    this._state.accesses.judgeAll()
    const first = this._races.find(({ rule }) => rule === 'stale') ?? this._races.at(0)
    return first === undefined ? null : raceError(first)
  }

  private _newState(): State {
    const places = new Places()
    const strands = new Strands(places, this._microtasks, this._judge, this._to)
    const accesses = new Accesses(strands, new StaleRule(this._to), this._level, this._to)
    const edges = new Edges(strands, new Misuse(places, accesses, this._to), accesses, this._level === 'go')
    return { strands, places, accesses, edges, continuations: new Continuations(strands, this._level === 'go') }
  }

  /** The stack of this access, where stacks are kept. */
  stack(): Stack {
    if (!this._keepsStacks) return null
    return captureStack(STACK)
  }

  /** The strands of code outside of goroutines. */
  get continuations(): Continuations {
    return this._state.continuations
  }

  placeOfVariable(variable: Variable): Place {
    const { places } = this._state
    if (variable.places === places && variable.place !== null) return variable.place
    variable.places = places
    return (variable.place = places.make(variable.name, variable))
  }

  /** The place of a property or an entry; its name may be that of a site. */
  placeOf(object: object, key: unknown, name: (() => string) | number): Place {
    return this._state.places.of(object, key, name)
  }

  read(place: Place, site: number, flags: number, frame: Frame | null): void {
    this.onAccess?.(place, false)
    this._state.accesses.read(place, site, flags, frame)
  }

  // eslint-disable-next-line max-params -- called at each access: a record would be allocated
  write(place: Place, site: number, flags: number, value: unknown, goesBy: GoesBy | null): void {
    this.onAccess?.(place, true)
    this._state.accesses.write(place, site, flags, value, goesBy)
  }

  readCell(object: object, key: unknown, name: () => string): void {
    const place = this.placeOf(object, key, name)
    this.onAccess?.(place, false)
    this._state.accesses.readCell(place, this.stack())
  }

  // eslint-disable-next-line max-params -- called at each access: a record would be allocated
  writeCell(object: object, key: unknown, name: () => string, value: unknown, flags = 0): void {
    const place = this.placeOf(object, key, name)
    this.onAccess?.(place, true)
    this._state.accesses.writeCell(place, this.stack(), value, flags)
  }

  /** A wait of the source: the section is over. */
  border(): void {
    this._state.edges.border()
  }

  /** The frame of an invocation; of an async function, which runs in no goroutine, it has a name. */
  frame(name: string, isAsync: boolean): Frame {
    if (!isAsync || queue.running !== null) return new Frame(null)
    const { task } = this._state.strands.current()
    const start = this._callOf(name) ?? this.start()
    return new Frame(new Invocation(name, ++this._invocations, task, start))
  }

  /** Before a call whose caller waits, and before `go`: the site is kept as the place of the start, and no stack, which costs more. */
  calls(site: number): void {
    this._call = site
  }

  /** Values that go through calls. */
  get values(): Values {
    return this._state.accesses.values
  }

  /** The place gets an empty collection for the one with these members. */
  replaces(place: Place, members: Place, site: number, goesBy: GoesBy): void {
    this._state.accesses.replaces(place, members, site, goesBy)
  }

  /** A write of an element follows. */
  index(element: Element, site: number, goesBy: GoesBy): void {
    this._state.accesses.index(element, site, goesBy)
  }

  /** The site of the call of a function, if it was announced; the announcement is used up. */
  private _callOf(name: string): number | null {
    const site = this._call
    if (site === NO_CALL || sites[site].name !== name) return null
    this._call = NO_CALL
    return site
  }

  /** The stack of the caller of an async function, where stacks are kept. */
  start(): Stack {
    return this._keepsStacks ? new Start() : null
  }

  /** A wait of an invocation is over: from now on the code is its own. */
  goesOn(frame: Frame | null, wait = NO_CALL): void {
    if (frame !== null && wait !== NO_CALL) frame.wait = wait
    this.border()
    this._call = NO_CALL
    this._state.accesses.values.border()
    if (frame?.task == null) return
    const strand = this._state.strands.current()
    strand.task = frame.task
    if (frame.promise !== null) frame.promise.body = strand
  }

  private _report(race: Race): void {
    if (isAccepted(race) || this._races.length >= MOST_REPORTS) return
    const key = keyOf(race)
    if (this._reported.has(key)) return
    this._reported.add(key)
    if (this._onRace === null) this._races.push(race)
    else this._onRace(raceError(race))
  }
}

/** Frames of a stack that are kept. */
const STACK = 24

const NO_CALL = -1

/** An invocation of an async function. */
class Invocation implements TaskInfo {
  readonly isGoroutine: boolean
  readonly by: string

  constructor(
    private readonly _function: string,
    private readonly _number: number,
    by: TaskInfo,
    readonly start: Where,
  ) {
    this.isGoroutine = by.isGoroutine
    this.by = by.name
  }

  get name(): string {
    return `async ${this._function}#${this._number}`
  }
}

/** The stack of the caller of an async function. */
class Start {
  private readonly _at: { readonly stack?: string }

  constructor() {
    this._at = captureStack(DEPTH_OF_CALLER)
  }

  /** A frame of this package, as in the stack of a goroutine's start, and then the caller. */
  get stack(): string {
    const [head = '', own = '', ...frames] = this._at.stack?.split('\n') ?? []
    return [head, own, ...frames.slice(DEPTH_OF_CALLER - 2)].join('\n')
  }
}
/** The constructor, `start`, its caller, the hook, the function, its caller. */
const DEPTH_OF_CALLER = 6

/** A line of an access, the declaration or the object accepts its races. */
function isAccepted({ place, first, second, read }: Race): boolean {
  const lines = [read, first, second].flatMap((one) => (typeof one?.where === 'number' ? [sites[one.where]] : []))
  return lines.some(({ file, line }) => isAllowedAt(file, line)) || isAllowed(place.owner, place.key)
}

/** A race at two sites is reported once; without sites, once for a place and two goroutines. */
function keyOf({ rule, place, first, second, read }: Race): string {
  const ends = [first === null ? '' : endKey(first), endKey(second)].sort()
  const at = typeof second.where === 'number' ? sites[second.where].name : place.id
  return `${rule} ${at} ${typeof read?.where === 'number' ? read.where : ''} ${ends.join(' ')}`
}

function endKey({ where, did, task }: Access): string {
  return typeof where === 'number' ? String(where) : `${did} ${task.name}`
}

const inForce = shared<{ engine: RaceEngine | null }>('millrace.race.v1', () => ({ engine: null }))

/** The engine in force; null where races are not looked for. */
export function current(): RaceEngine | null {
  return inForce.engine
}
