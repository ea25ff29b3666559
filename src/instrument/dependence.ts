/**
 * Which reads a write goes by, within the function and what its closures capture.
 *
 * By data: the value that is written comes of the read, also through locals. By control: the write stands under a test that
 * reads the place, or after a test with a branch that leaves. Only reads of the same place count: a stale write goes by an old
 * value of its own place.
 */
import { valueOf, type Access, type Place, type Places, type Write } from './places.js'
import { isTracked, patternOwner, type Scopes } from './scopes.js'
import { isFunction, startsUnit, type AnyNode, type Tree } from './tree.js'

/** How many locals a value may come through. */
const LOCALS = 3

/** Whether the dependence is one of control, by read. */
export type Sources = Map<Access, boolean>

interface Search {
  readonly place: Place
  readonly found: Set<Access>
  /** The expressions that have been looked at: locals may be filled in a ring. */
  readonly seen: Set<AnyNode>
}

export class DependenceAnalysis {
  constructor(
    private readonly _tree: Tree,
    private readonly _scopes: Scopes,
    private readonly _places: Places,
  ) {}

  sourcesOf(write: Write): Sources {
    const data: Search = { place: write.place, found: new Set(), seen: new Set() }
    const control: Search = { place: write.place, found: new Set(), seen: new Set() }
    this._collectData(write, data)
    this._collectControl(write, control)
    const sources: Sources = new Map()
    for (const access of data.found) sources.set(access, false)
    for (const access of control.found) sources.set(access, true)
    for (const access of sources.keys())
      if (this._isMarked(access) && this._canBeStale(write, access)) access.isSource = true
      else sources.delete(access)
    return sources
  }

  /** Whether other code can run between the read and the write: their unit waits, or they are of different units. */
  private _canBeStale({ node }: Write, { unit }: Access): boolean {
    return this._scopes.sees(node, unit) && (unit.hasWait || this._scopes.unitOf(node) !== unit)
  }

  /** Whether a read can leave a mark in the frame of its unit: one among the parameters cannot. */
  private _isMarked(access: Access): boolean {
    return this._scopes.sees(access.node, access.unit)
  }

  private _collectData({ node }: Write, search: Search): void {
    const parent = this._tree.parentOf(node)
    if (parent.type === 'AssignmentExpression') this._readsIn(parent.right, search, 0)
    if (parent.type === 'CallExpression' && parent.callee === node)
      for (const argument of parent.arguments) this._readsIn(argument, search, 0)
    const own = this._places.reads.get(node) // of a compound assignment or an update
    if (own !== undefined) search.found.add(own)
  }

  private _collectControl({ node }: Write, search: Search): void {
    for (let child = node; child.type !== 'Program' && !startsUnit(child); child = this._tree.parentOf(child)) {
      const parent = this._tree.parentOf(child)
      for (const test of testsBefore(parent, child)) this._readsIn(test, search, 0)
    }
  }

  /** The reads of a place in an expression, and in the values of the locals that it uses. */
  private _readsIn(expression: AnyNode, search: Search, locals: number): void {
    if (search.seen.has(expression)) return
    search.seen.add(expression)
    const { place, found } = search
    this._tree.walk(expression, (node) => {
      if (isFunction(node)) return false // a function that is called reads for itself
      const access = this._places.reads.get(node)
      if (access !== undefined && (access.place === place || (access.collection !== null && access.collection === place))) found.add(access)
      if (node.type === 'Identifier' && locals < LOCALS) for (const value of this._valuesOf(node)) this._readsIn(value, search, locals + 1)
      return undefined
    })
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
