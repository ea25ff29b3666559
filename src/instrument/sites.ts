/**
 * The interface between instrumented code and the engine: the table of sites, the flags of an access, and the hooks.
 *
 * No hook runs code of the user, except those that say so: what a program does and in which order is the same with and without.
 */

/** A comment that accepts races: its line, the reason, and the line that it is about. */
export type Allowance = readonly [line: number, why: string, about: number]

/** A place in the source: line and column (from 1), the function around it, the name of what is read or written, and how. */
export type Site = readonly [line: number, column: number, unit: string, name: string, how: How]
export type How = 'read' | 'write' | 'delete' | 'iterate' | 'function' | 'call' | 'wait'

export const accessFlags = {
  /** The read is a test, and the program goes on either way: `if (closed) return`, `while (!done)`, `a ?? b`. */
  guard: 1,
  /** The write comes of a read in the same expression: `n++`. */
  update: 2,
  /** The result of the update is tested: `if (--n === 0)`. */
  tested: 4,
  /** The write is that of a loop to its own variable: `for (item of list)` with an outer `item`, `for (…; …; i++)`. */
  loop: 8,
  /** The result of the function comes of the read: a caller may go by it. */
  returned: 16,
  /** The call takes all to the end of the list, and its result is used nowhere: `list.splice(0)`. */
  dropped: 128,
} as const

/** How a write goes by a read. */
export const dependences = {
  /** The value that is written comes of the read. */
  data: 0,
  /** The write stands under, or after, a test of the read. */
  control: 1,
  /** The index that is written comes of a read of the members of the array. */
  index: 2,
} as const
/** In the list of a write: all that the caller has passed, or all tests that decided for the call, in place of the site of a read. */
export const PASSED = -1

/** An activation of a function, for reads that later writes depend on: what the engine keeps for each site. */
export type Frame = object | null
/** The reads and calls that a write depends on, three entries each: the frame, the site, and how (`dependences`). */
export type Dependence = readonly (Frame | number)[] | null

/** The object that instrumented code calls. `site` is a number in the table of its module plus what `module` has returned. */
export interface Hooks {
  /** Stands for a value that is not known yet. */
  readonly NONE: unknown
  /** Announces a module; returns the number of its first site. */
  module(file: string, sites: readonly Site[], allowances?: readonly Allowance[]): number
  /** Where a captured variable is declared: an identity for it. */
  cell(name: string): unknown
  /** The line of the site accepts the races of a property of the object, or, without a key, of the cell or object. Returns the object. */
  declared<T>(object: T, key: string | null, site: number): T
  frame(site: number, suspends: boolean): Frame
  /** Before a call whose caller waits, and before `go`. `value` is that of the last parameter, and is returned. */
  calls<T>(value: T, site: number): T
  /** Before a call whose result a write goes by, when its last parameter is evaluated: reads that the function returns are noted. */
  asks<T>(value: T, frame: Frame, site: number): T
  /** After that call: the result, which may be a promise of it. Returns it. */
  took<T>(value: T, frame: Frame, site: number): T
  /** After a `yield*` of the result of that call: the generator has returned. Returns the value. */
  delegated<T>(value: T, frame: Frame, site: number): T
  /** A generator returns a value that comes of reads of its frame. Returns the value. */
  returns<T>(value: T, frame: Frame): T
  /** Before a call with parameters that come of older reads, or under tests of older reads, when the last is evaluated. Returns that. */
  passes<T>(value: T, site: number, dependence: Dependence): T
  /** After that call: the announcement is over, except for a generator, which begins later. Returns the result. */
  passedTo<T>(value: T): T
  /** The announcement by `passes` for the function that begins; null where there is none. */
  passed(site: number): Frame
  /** After an `await` or a `yield` has gone on: a new section. A frame keeps the site of its last wait. Returns the value. */
  wait<T>(value: T, frame: Frame, site?: number): T
  /** The start of a `catch` or `finally` whose `try` waits: the wait may have failed. */
  resume(frame: Frame): void
  readVariable(cell: unknown, site: number, flags: number, frame: Frame): void
  writeVariable<T>(cell: unknown, site: number, flags: number, value: T, dependence: Dependence): T
  /** A read of `object.key`; returns the object. */
  read<T>(object: T, key: string, site: number, flags: number, frame: Frame): T
  /** The same where the property is called: a method of a prototype is no place. */
  method<T>(object: T, key: string, site: number, flags: number, frame: Frame): T
  /** Reads `object[key]`, getters included, and returns it. */
  element(object: unknown, key: unknown, site: number, flags: number, frame: Frame): unknown
  /** A read of `object[key]` that follows; returns the key. */
  elementKey<T>(object: unknown, key: T, site: number, flags: number, frame: Frame): T
  /** A read of all properties: a spread into an object, `for…in`, a rest of properties. Returns the object. */
  everything<T>(object: T, site: number, flags?: number, frame?: Frame): T
  /** A read by a pattern, of the object that the path leads to: of a key, of an element or, without a key, of all. Returns the value. */
  part<T>(value: T, path: readonly (string | number)[], key: string | number | null, site: number, flags: number, frame: Frame): T
  /** The start of an iteration over a collection; returns the collection. */
  items<T>(collection: T, site: number): T
  /** A step of a loop over a collection whose body waits. */
  step(collection: unknown, site: number): void
  /** A write of `object.key` that follows; returns the value. */
  write<T>(object: unknown, key: string, site: number, flags: number, value: T, dependence: Dependence): T
  writeElement<T>(object: unknown, key: unknown, site: number, flags: number, value: T, dependence: Dependence): T
  /** A place gets an empty collection for an old one: of a property without a private name the hook looks itself. Returns the value. */
  replaces<T>(value: T, old: unknown, owner: unknown, key: string | null, site: number, dependence: Dependence): T
  /** An update that has been done, as `object.key++`: a read and a write. */
  update(object: unknown, key: unknown, readSite: number, site: number, flags: number, dependence: Dependence, frame: Frame): void
  /** A `delete` that has been done. */
  remove(object: unknown, key: unknown, site: number): void
  /** A call of `object.method(...parameters)` that follows, of a method that collections have; returns the parameters. */
  call<T extends readonly unknown[]>(
    object: unknown,
    method: string,
    site: number,
    flags: number,
    frame: Frame,
    readSite: number,
    dependence: Dependence,
    parameters: T,
  ): T
  /** Returns the first argument: the others are hooks that come after it. */
  first<T>(value: T, ...hooks: unknown[]): T
}

export class SiteTable {
  readonly sites: Site[] = []

  constructor(private readonly _positionOf?: (line: number, column: number) => readonly [line: number, column: number] | null) {}

  /** The position before the file was compiled. */
  positionOf(line: number, column: number): readonly [line: number, column: number] {
    return this._positionOf?.(line, column) ?? [line, column]
  }

  add([line, column, unit, name, how]: Site): number {
    return this.sites.push([...this.positionOf(line, column), unit, short(name), how]) - 1
  }
}

function short(name: string): string {
  const line = name.replace(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}
