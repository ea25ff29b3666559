/**
 * Which reads a write goes by, within the function and what its closures capture.
 *
 * By data: the value that is written comes of the read, also through locals. By control: the write stands under a test that
 * reads the place, or after a test with a branch that leaves. By index: the index written comes of the members of the array. Only
 * reads of the same place count: a stale write goes by an old value of its own place.
 *
 * Between functions the engine follows the values, and this says where: calls whose result a write goes by, reads that a function
 * returns, calls that pass on a read from before a wait, and writes of parameters.
 */
import { valueOf, type Access, type Place, type Places, type Write } from './places.js'
import { isTracked, patternOwner, type Scopes, type Unit } from './scopes.js'
import { dependences } from './sites.js'
import { isFunction, startsUnit, type AnyNode, type NodeOf, type Tree } from './tree.js'

/** How many locals a value may come through. */
const LOCALS = 3

/** How a write goes by each (`dependences`). */
export type Sources = Map<Access, number>

class Search {
  readonly found = new Set<Access>()
  /** Those that came through a local: other code may have run since. */
  readonly older = new Set<Access>()
  /** The expressions that have been looked at: locals may be filled in a ring. */
  readonly seen = new Set<AnyNode>()

  constructor(
    /** Null: any. */
    readonly place: Place | null,
    readonly withCalls: boolean,
    readonly withParameters: boolean,
  ) {}

  accepts(access: Access): boolean {
    return this.place === null || access.place === this.place || (access.collection !== null && access.collection === this.place)
  }

  add(access: Access, locals: number): void {
    this.found.add(access)
    if (locals > 0) this.older.add(access)
  }
}

export class DependenceAnalysis {
  constructor(
    private readonly _tree: Tree,
    private readonly _scopes: Scopes,
    private readonly _places: Places,
  ) {}

  sourcesOf(write: Write): Sources {
    const index = new Search(indexPlace(this._tree, write.node), false, false)
    const data = new Search(write.place, true, true)
    const control = new Search(write.place, true, false)
    if (index.place !== null && write.node.type === 'MemberExpression') this._readsIn(write.node.property, index)
    this._collectData(write, data)
    this._collectControl(write, control)
    const sources: Sources = new Map()
    for (const access of index.found) if (isOfMembers(access)) sources.set(access, dependences.index)
    for (const access of data.found) sources.set(access, dependences.data)
    for (const access of control.found) sources.set(access, dependences.control)
    this._markBesidePassed(data)
    return this._marked(write.node, sources)
  }

  /** A function that looks again goes by that, whatever was passed to it. */
  private _markBesidePassed({ found }: Search): void {
    for (const { node, unit } of found)
      if (node === unit.node)
        for (const access of found)
          access.isBesidePassed ||= access.unit === unit && !unit.hasWait && access.node !== node && this._isMarked(access)
  }

  /** The reads from before a wait that a call passes on; null where there are none. */
  passedBy(call: NodeOf<'CallExpression'>): Sources | null {
    const unit = this._scopes.unitOf(call)
    if (!unit.hasWait || call.arguments.length === 0 || call.arguments.at(-1)?.type === 'SpreadElement') return null
    if (this._places.callAt(call) === null) return null
    const search = new Search(null, true, false)
    for (const argument of call.arguments) this._readsIn(argument, search)
    const older = this._tree.hasWait(call) ? search.found : search.older
    if (![...older].some((access) => this._isMarked(access) && this._canBeStale(call, access))) return null
    return this._marked(call, new Map([...search.found].map((access) => [access, dependences.data])))
  }

  /** Marks the reads that the result of a function comes of, with a frame where the function waits. */
  markReturned(unit: Unit, value: AnyNode): void {
    const search = new Search(null, unit.hasWait, false)
    this._readsIn(value, search)
    for (const access of search.found) {
      if (access.unit !== unit) continue
      access.isReturned = true
      if (unit.hasWait && this._isMarked(access)) access.isSource = true
    }
  }

  private _marked(node: AnyNode, sources: Sources): Sources {
    for (const access of sources.keys())
      if (this._isMarked(access) && this._canBeStale(node, access)) access.isSource = true
      else if (access.isBesidePassed) continue
      else sources.delete(access)
    return sources
  }

  /** Whether other code can run between the read and the write: their unit waits, or they are of different units; or the caller's does. */
  private _canBeStale(node: AnyNode, { unit, node: source }: Access): boolean {
    return this._scopes.sees(node, unit) && (unit.hasWait || source === unit.node || this._scopes.unitOf(node) !== unit)
  }

  /** Whether a read can leave a mark in the frame of its unit: one among the parameters cannot. */
  private _isMarked({ node, unit }: Access): boolean {
    return node === unit.node ? unit.body !== null : this._scopes.sees(node, unit)
  }

  private _collectData({ node }: Write, search: Search): void {
    const parent = this._tree.parentOf(node)
    if (parent.type === 'AssignmentExpression') this._readsIn(parent.right, search)
    if (parent.type === 'CallExpression' && parent.callee === node) for (const argument of parent.arguments) this._readsIn(argument, search)
    const own = this._places.reads.get(node) // of a compound assignment or an update
    if (own !== undefined) search.found.add(own)
  }

  private _collectControl({ node }: Write, search: Search): void {
    for (let child = node; child.type !== 'Program' && !startsUnit(child); child = this._tree.parentOf(child)) {
      const parent = this._tree.parentOf(child)
      for (const test of testsBefore(parent, child)) this._readsIn(test, search)
    }
  }

  /** The reads of a place in an expression, the calls, and those in the values of the locals that it uses. */
  private _readsIn(expression: AnyNode, search: Search, locals = 0): void {
    if (search.seen.has(expression)) return
    search.seen.add(expression)
    this._tree.walk(expression, (node) => {
      if (isFunction(node)) return false // a function that is called reads for itself
      const access = this._places.reads.get(node)
      if (access !== undefined && search.accepts(access)) search.add(access, locals)
      const call = search.withCalls && node.type === 'CallExpression' ? this._places.callAt(node) : null
      if (call !== null) search.add(call, locals)
      if (node.type !== 'Identifier' || locals >= LOCALS) return undefined
      const isGiven = node !== expression && this._tree.parentOf(node).type === 'CallExpression' // to a function, which reads for itself
      const parameters = search.withParameters && !isGiven ? this._parametersBehind(node) : null
      if (parameters !== null) search.add(parameters, locals)
      for (const value of this._valuesOf(node)) this._readsIn(value, search, locals + 1)
      return undefined
    })
  }

  /** Not of an object whose property is used: the object itself is no older value. */
  private _parametersBehind(node: AnyNode): Access | null {
    const parent = this._tree.parentOf(node)
    if ((parent.type === 'MemberExpression' && parent.object === node) || isTakenApart(parent, node)) return null
    const binding = this._scopes.referenceOf(node)?.binding
    if (binding?.kind !== 'param' || isTracked(binding)) return null
    const { unit } = binding.scope
    return isFunction(unit.node) ? this._places.parametersOf(unit) : null
  }

  /** The expressions that a local is filled with. */
  private _valuesOf(node: AnyNode): AnyNode[] {
    const binding = this._scopes.referenceOf(node)?.binding
    if (binding === undefined || binding.kind === 'import' || binding.kind === 'namespace' || isTracked(binding)) return []
    return binding.references.flatMap((reference) => {
      const value = valueOf(this._tree.parentOf(reference.node), reference.node)
      if (value !== null) return [value]
      return patternOwner(this._tree, reference.node) === null ? [] : this._valuesInPattern(reference.node)
    })
  }

  /** What a target in a pattern is filled with: the key of the pattern that it belongs to, with defaults, and the whole value. */
  private _valuesInPattern(target: AnyNode): AnyNode[] {
    for (let part = target, around = this._tree.parentOf(target); ; part = around, around = this._tree.parentOf(around)) {
      const value = valueOf(around, part)
      if (value !== null) return [value]
      if (this._places.reads.has(around)) return [around, ...this._valuesInPattern(around)]
      if (isFunction(around) || around.type === 'Program') return []
    }
  }
}

/** `const { n } = value` */
function isTakenApart(parent: AnyNode, value: AnyNode): boolean {
  if (parent.type === 'VariableDeclarator') return parent.id.type === 'ObjectPattern'
  return parent.type === 'AssignmentExpression' && parent.right === value && parent.left.type === 'ObjectPattern'
}

/** The place of the members of an array, by an element. */
function indexPlace(tree: Tree, node: AnyNode): Place | null {
  return node.type === 'MemberExpression' && node.computed ? `items of ${tree.textOf(node.object)}` : null
}

/** `list.length`, `list.indexOf(x)`, and not an element. */
function isOfMembers({ node, collection }: Access): boolean {
  return collection === null || (node.type === 'MemberExpression' && !node.computed)
}

/** The tests in `parent` that decide whether `child` runs. */
function testsBefore(parent: AnyNode, child: AnyNode): AnyNode[] {
  switch (parent.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
      return child === parent.test ? [] : [parent.test]
    case 'WhileStatement':
      return child === parent.body ? [parent.test] : []
    case 'ForStatement':
      return child === parent.body && parent.test != null ? [parent.test] : []
    case 'LogicalExpression':
      return child === parent.right ? [parent.left] : []
    case 'BlockStatement':
    case 'Program':
    case 'StaticBlock': {
      const before = parent.body.slice(
        0,
        parent.body.findIndex((statement) => statement === child),
      )
      return before.flatMap((statement) => (statement.type === 'IfStatement' && leaves(statement.consequent) ? [statement.test] : []))
    }
    default:
      return []
  }
}

function leaves(node: AnyNode): boolean {
  if (node.type === 'BlockStatement') {
    const last = node.body.at(-1)
    return last !== undefined && leaves(last)
  }
  return /^(Return|Throw|Continue|Break)Statement$/.test(node.type)
}
