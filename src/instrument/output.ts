/**
 * The text that is made: edits of the source that keep its lines, and the names of what is declared for the hooks.
 *
 * Nodes are edited from the inside out. So what a node puts around itself stands outside of what its parts have put around themselves.
 */
import MagicString from 'magic-string'
import type { Sources } from './dependence.js'
import type { Access, Places, Write } from './places.js'
import type { Binding, Scopes, Unit } from './scopes.js'
import { accessFlags, PASSED } from './sites.js'
import type { AnyNode, Tree } from './tree.js'

/** A file under way: what is known of it, and what is made of it. */
export interface Rewriting {
  readonly tree: Tree
  readonly scopes: Scopes
  readonly places: Places
  readonly out: Output
  /** The text of the reads that a write depends on. */
  readonly dependence: (write: Write) => string
}

export class Output {
  readonly edits: MagicString
  /** The name of the object with the hooks; the names of cells, frames and temporaries begin with it, and no name of the source does. */
  readonly hooks: string
  private readonly _cells = new Map<Binding, string>()
  private readonly _framed = new Set<Unit>()
  private readonly _receiving = new Set<Unit>()
  private readonly _temporaries = new Map<Unit, string[]>()
  private _named = 0

  constructor(private readonly _tree: Tree) {
    this.edits = new MagicString(_tree.code)
    this.hooks = '$race'
    for (let n = 1; _tree.code.includes(this.hooks); n++) this.hooks = `$race${n}_`
  }

  /** Puts text around a node: outside of all that has been put there before. */
  around(node: AnyNode, before: string, after: string): void {
    this.before(node.start, before)
    this.after(node.end, after)
  }

  before(index: number, text: string): void {
    const touches = /[\w$]/.test(this._tree.code[index - 1] ?? '') && /^[\w$]/.test(text) // `typeof(a).b`
    this.edits.prependRight(index, touches ? ` ${text}` : text)
  }

  after(index: number, text: string): void {
    this.edits.appendLeft(index, text)
  }

  /** Replaces the token at or after an index, which is as long as `token`. Line breaks beside it stay. */
  token(index: number, token: string, text: string): void {
    const start = this._tree.tokenAt(index)
    if (!this._tree.code.startsWith(token, start)) throw new SyntaxError(`${token} is expected at ${start}`)
    this.edits.update(start, start + token.length, text)
  }

  hook(name: string, ...parameters: (string | number)[]): string {
    return `${this.hooks}.${name}(${parameters.join(',')})`
  }

  site(number: number): string {
    return `${this.hooks}0+${number}`
  }

  /** A name that no other code has. */
  name(kind = 'v'): string {
    return `${this.hooks}${kind}${this._named++}`
  }

  cellOf(binding: Binding): string {
    const name = this._cells.get(binding) ?? this.name('c')
    this._cells.set(binding, name)
    return name
  }

  cells(): Iterable<[Binding, string]> {
    return this._cells
  }

  frameOf(unit: Unit): string {
    this._framed.add(unit)
    return `${this.hooks}f${unit.id}`
  }

  isFramed(unit: Unit): boolean {
    return this._framed.has(unit)
  }

  /** The variable with the announcement of the caller of a unit. */
  passedTo(unit: Unit): string {
    this._receiving.add(unit)
    return `${this.hooks}a${unit.id}`
  }

  isReceiving(unit: Unit): boolean {
    return this._receiving.has(unit)
  }

  /** The frame that a read leaves its mark in: null where no write depends on the read. */
  frameFor(access: Access): string {
    if (access.isSource) return this.frameOf(access.unit)
    return access.isBesidePassed ? this.passedTo(access.unit) : 'null'
  }

  /** A variable of an activation that holds a value between the parts of one expression. */
  temporaryOf(unit: Unit): string {
    const name = this.name('t')
    this._temporaries.set(unit, [...(this._temporaries.get(unit) ?? []), name])
    return name
  }

  temporariesOf(unit: Unit): readonly string[] {
    return this._temporaries.get(unit) ?? []
  }

  dependence(sources: Sources | undefined): string {
    if (sources === undefined || sources.size === 0) return 'null'
    const reads: string[] = []
    const passed: string[] = []
    for (const [access, how] of sources) {
      const { node, unit, site } = access
      if (node === unit.node) passed.push(`${this.passedTo(unit)},${PASSED},${how}`)
      else if (access.isSource) reads.push(`${this.frameOf(unit)},${this.site(site)},${how}`)
      else passed.push(`${this.passedTo(unit)},${this.site(site)},${how}`)
    }
    const all = `[${[...reads, ...passed].join(',')}]`
    const units = new Set([...sources.keys()].map(({ unit }) => this.passedTo(unit)))
    return reads.length > 0 ? all : `((${[...units].join('||')})&&${all})`
  }

  /** `site, flags, frame` of a read. */
  readArguments(access: Access, flags = this.flagsOf(access)): string {
    return `${this.site(access.site)},${flags},${this.frameFor(access)}`
  }

  flagsOf({ flags, isReturned }: Access): number {
    return isReturned ? flags | accessFlags.returned : flags
  }

  /** `site, flags` of a write. */
  writeArguments({ site, flags }: Write): string {
    return `${this.site(site)},${flags}`
  }
}
