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
import { asksForTake, isContinuation, promiseOf, returnedBy, testsBefore, thrownIn } from './flow.js'
import { isPart, valueOf } from './patterns.js'
import { EVERYTHING, type Access, type Place, type Places, type Write } from './places.js'
import { isTracked, patternOwner, UNNAMED, type Binding, type Scopes, type Unit } from './scopes.js'
import { dependences } from './sites.js'
import { bare, functionIn, isFunction, isWait, startsUnit, type AnyNode, type NodeOf, type Tree } from './tree.js'

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
    /** The units that the code at the end of the search sees: marks of others are out of its reach. */
    private readonly _isInReach: (unit: Unit) => boolean,
    /** Null: any. */
    readonly place: Place | null,
    readonly withCalls: boolean,
    readonly withParameters: boolean,
  ) {}

  accepts({ place, collection, list }: Access): boolean {
    const { place: written } = this
    if (typeof place === 'string' && place.startsWith(EVERYTHING) && typeof written === 'string')
      return !written.startsWith('items of ') && !place.endsWith(written) // `o.n = { ...o.n }`: the object is no property of its own
    if (written === null || place === written || (collection !== null && collection === written)) return true
    return list !== null && typeof written === 'string' && written.startsWith(`${list}[`)
  }

  add(access: Access, locals: number): void {
    if (!this._isInReach(access.unit)) return
    this.found.add(access)
    if (locals > 0) this.older.add(access)
  }
}

export class DependenceAnalysis {
  /** Once for each variable: a long function uses one many times. */
  private readonly _values = new Map<Binding, readonly AnyNode[]>()

  constructor(
    private readonly _tree: Tree,
    private readonly _scopes: Scopes,
    private readonly _places: Places,
  ) {}

  sourcesOf(write: Write): Sources {
    const index = this._search(write.node, indexPlace(this._tree, write.node), false, false)
    const data = this._search(write.node, write.place, true, true)
    const control = this._search(write.node, write.place, true, false)
    if (index.place !== null && write.node.type === 'MemberExpression') this._readsIn(write.node.property, index)
    this._collectData(write, data)
    this._collectControl(write.node, control)
    const caller = this._calledUnit(write.node)
    if (caller !== null) control.found.add(this._places.testsOf(caller))
    const sources: Sources = new Map()
    for (const access of index.found) if (isOfMembers(access)) sources.set(access, dependences.index)
    for (const access of data.found) sources.set(access, dependences.data)
    for (const access of control.found) sources.set(access, dependences.control)
    this._markBesidePassed(data)
    this._markBesidePassed(control)
    return this._marked(write.node, sources)
  }

  /** A function that looks again goes by that, whatever was passed to it. */
  private _markBesidePassed({ found }: Search): void {
    for (const { node, unit } of found)
      if (node === unit.node)
        for (const access of found)
          access.isBesidePassed ||= access.unit === unit && !unit.hasWait && access.node !== node && this._isMarked(access)
  }

  /** The reads from before a wait that a call passes on, by its arguments and by the tests around it; null for none. */
  passedBy(call: NodeOf<'CallExpression'>): Sources | null {
    const unit = this._scopes.unitOf(call)
    if (!unit.hasWait && !isContinuation(this._tree, unit.node)) return null
    if (call.arguments.at(-1)?.type === 'SpreadElement' || this._places.callAt(call) === null) return null
    const sources: Sources = new Map([...this._testsBefore(call, unit)].map((access) => [access, dependences.control]))
    for (const access of this._argumentsOf(call)) sources.set(access, dependences.data)
    return sources.size === 0 ? null : this._marked(call, sources)
  }

  /** The reads that the arguments of a call come of, if one of them is from before a wait. */
  private _argumentsOf(call: NodeOf<'CallExpression'>): Iterable<Access> {
    const search = this._search(call, null, true, false)
    for (const argument of call.arguments) this._readsIn(argument, search)
    const older = this._tree.hasWait(call) || this._isWaitedFor(call) ? search.found : search.older
    return [...older].some((access) => this._isMarked(access) && this._canBeStale(call, access)) ? search.found : []
  }

  /** `await f(n)`, `await Promise.all([f(n)])`: what is called may wait before it goes by its parameters. */
  private _isWaitedFor(call: AnyNode): boolean {
    let at = this._tree.parentOf(call)
    while (!isWait(at) && !startsUnit(at) && !/Statement$|^Program$|Declaration$/.test(at.type)) at = this._tree.parentOf(at)
    return isWait(at) && at.type !== 'ForOfStatement'
  }

  /** The reads of tests before a call where a wait stands between the two. */
  private _testsBefore(call: NodeOf<'CallExpression'>, unit: Unit): Access[] {
    const search = this._search(call, null, true, false)
    this._collectControl(call, search)
    return [...search.found].filter((access) => {
      const { start } = access.node
      const isOver = (wait: number): boolean => wait > start && (wait <= call.start || (wait < call.end && this._tree.hasWait(call)))
      const mayWait = access.unit !== unit || unit.waits.some(isOver)
      return mayWait && this._isMarked(access) && this._canBeStale(call, access)
    })
  }

  /** The function around a write, if the tests before its call decide for the write. */
  private _calledUnit(node: AnyNode): Unit | null {
    for (let unit = this._scopes.unitOf(node); ; unit = this._scopes.unitOf(this._tree.parentOf(unit.node))) {
      if (!isFunction(unit.node) || !this._scopes.sees(node, unit)) return null
      if (!isContinuation(this._tree, unit.node)) return unit.name === UNNAMED ? null : unit // no call announces one without a name
    }
  }

  /** Marks the reads that the result of a function comes of, with a frame where the function waits. */
  markReturned(unit: Unit, value: AnyNode): void {
    const search = this._search(value, null, unit.hasWait, false)
    this._readsIn(value, search)
    for (const access of search.found) {
      if (access.unit !== unit) continue
      access.isReturned = true
      if (unit.hasWait && this._isMarked(access)) access.isSource = true
    }
  }

  private _search(from: AnyNode, place: Place | null, withCalls: boolean, withParameters: boolean): Search {
    return new Search((unit) => this._scopes.sees(from, unit), place, withCalls, withParameters)
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

  /** Whether a read can leave a mark in the frame of its unit: one in a default of the parameters cannot. */
  private _isMarked({ node, unit, isAtHead }: Access): boolean {
    return isAtHead || (node === unit.node ? unit.body !== null : this._scopes.sees(node, unit))
  }

  private _collectData({ node }: Write, search: Search): void {
    if (node.type === 'Property') this._readsIn(node.value, search)
    const parent = this._tree.parentOf(node)
    if (parent.type === 'AssignmentExpression') this._readsIn(parent.right, search)
    if (parent.type === 'CallExpression' && parent.callee === node) for (const argument of parent.arguments) this._readsIn(argument, search)
    const own = this._places.reads.get(node) // of a compound assignment or an update
    if (own !== undefined) search.found.add(own)
  }

  private _collectControl(node: AnyNode, search: Search): void {
    for (let child = node; child.type !== 'Program' && (!startsUnit(child) || isContinuation(this._tree, child));) {
      const parent = this._tree.parentOf(child)
      for (const test of testsBefore(parent, child)) this._readsIn(test, search)
      child = parent
    }
  }

  /** The reads of a place in an expression, the calls, and those in the values of the locals that it uses. */
  private _readsIn(expression: AnyNode, search: Search, locals = 0): void {
    if (search.seen.has(expression)) return
    search.seen.add(expression)
    this._tree.walk(expression, (node) => {
      if (isFunction(node)) return false // a function that is called reads for itself
      if (node !== expression && asksForTake(this._tree, node)) return false
      const access = this._places.reads.get(node)
      if (access !== undefined && search.accepts(access)) search.add(access, locals)
      if (access !== undefined && isPart(this._tree, node)) return false
      const call = search.withCalls ? this._callAt(node) : null
      if (call !== null) search.add(call, locals)
      if (locals >= LOCALS) return undefined
      for (const value of this._resultsOf(node)) this._readsIn(value, search, locals + 1)
      if (node.type !== 'Identifier') return undefined
      const parameters = search.withParameters && (node === expression || !this._isGiven(node)) ? this._parametersBehind(node) : null
      if (parameters !== null) search.add(parameters, locals)
      for (const value of this._valuesOf(node)) this._readsIn(value, search, locals + 1)
      return undefined
    })
  }

  /** Whether a value is given to a function of the program, which reads for itself; one of the host, as `JSON.stringify`, does not. */
  private _isGiven(node: AnyNode): boolean {
    const call = this._tree.parentOf(node)
    return call.type === 'CallExpression' && (this._places.isBehindLink(call) || this._places.isOfProgram(call.callee))
  }

  /** A call, or a property that a getter may stand behind. */
  private _callAt(node: AnyNode): Access | null {
    if (node.type === 'MemberExpression') return this._places.getterAt(node)
    return node.type === 'CallExpression' ? this._places.callAt(node) : null
  }

  /** The values that a call of a function of this file returns, or that a promise is resolved with. */
  private _resultsOf(node: AnyNode): AnyNode[] {
    if (node.type === 'NewExpression') return this._resolutionsOf(node)
    if (node.type !== 'CallExpression') return []
    const callee = bare(node.callee)
    const called = callee.type === 'Identifier' ? this._scopes.referenceOf(callee)?.binding : undefined
    const value =
      called?.kind === 'const' ? called.references.map(({ node: target }) => this._valueOf(target)).find((one) => one !== null) : callee
    const body = value == null ? null : functionIn(value)
    return body === null ? [] : returnedBy(this._tree, body)
  }

  /** `new Promise((resolve) => { … resolve(value) … })` */
  private _resolutionsOf({ callee, arguments: [executor] }: NodeOf<'NewExpression'>): AnyNode[] {
    if (callee.type !== 'Identifier' || callee.name !== 'Promise' || executor === undefined) return []
    const [resolve] = functionIn(executor)?.params ?? []
    const binding = resolve?.type === 'Identifier' ? this._scopes.referenceOf(resolve)?.binding : undefined
    return (binding?.references ?? []).flatMap(({ node }) => {
      const call = this._tree.parentOf(node)
      return call.type === 'CallExpression' && call.callee === node ? call.arguments : []
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
  private _valuesOf(node: AnyNode): readonly AnyNode[] {
    const binding = this._scopes.referenceOf(node)?.binding
    if (binding === undefined) return []
    let values = this._values.get(binding)
    if (values === undefined) this._values.set(binding, (values = this._valuesFor(binding)))
    return values
  }

  private _valuesFor(binding: Binding): AnyNode[] {
    if (binding.kind === 'import' || binding.kind === 'namespace' || isTracked(binding)) return []
    return binding.references.flatMap(({ node: target }) =>
      patternOwner(this._tree, target) === null ? this._valuesIn(target) : this._valuesInPattern(target),
    )
  }

  /** The value of a declaration or an assignment, the collection whose items a loop gives to its variable, or the promise of a reaction. */
  private _valueOf(target: AnyNode): AnyNode | null {
    const parent = this._tree.parentOf(target)
    if (isFunction(parent)) return parent.params[0] === target ? promiseOf(this._tree, parent) : null
    const loop = this._tree.parentOf(parent.type === 'VariableDeclarator' ? this._tree.parentOf(parent) : target)
    if (loop.type === 'ForOfStatement' && target.end <= loop.left.end) return loop.right
    return valueOf(parent, target)
  }

  private _valuesIn(target: AnyNode): AnyNode[] {
    const value = this._valueOf(target)
    if (value !== null) return [value]
    const parent = this._tree.parentOf(target)
    return parent.type === 'CatchClause' ? thrownIn(this._tree, parent) : []
  }

  /** The values that a target in a pattern is filled with: the keys that lead to it, their defaults, and the whole value. */
  private _valuesInPattern(target: AnyNode): AnyNode[] {
    const values: AnyNode[] = []
    for (let part = target; ;) {
      const around = this._tree.parentOf(part)
      if (around.type === 'AssignmentPattern' && around.left === part) values.push(around.right)
      if (this._places.reads.has(part) && isPart(this._tree, part)) values.push(part)
      const whole = this._valuesIn(part)
      if (whole.length > 0 || /Function|^Program$|^CatchClause$/.test(around.type)) return [...values, ...whole]
      part = around
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
