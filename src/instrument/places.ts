/**
 * Places: which nodes read or write something that another strand may share, and what the place is called within its function.
 *
 * Seen are tracked variables, properties, elements and the methods of collections; not seen are `this.x` in a constructor, properties of
 * globals and of module namespaces, of literals, and what stands behind `?.` in a chain.
 */
import { droppedFlags, guardFlags, updateFlags } from './flow.js'
import { isPattern, nameOfPart, originOf, partsOf, type Origin, type Part, type Pattern } from './patterns.js'
import { isTracked, isWrappedTarget, patternOwner, type Binding, type Scopes, type Unit } from './scopes.js'
import { accessFlags, type SiteTable } from './sites.js'
import { bare, functionIn, isLoopOverItems, wholeOf, type AnyNode, type NodeOf, type Tree } from './tree.js'

const readingMethods =
  /^(get|has|includes|indexOf|lastIndexOf|find|findIndex|findLast|some|every|filter|map|flatMap|forEach|keys|values|entries|slice|at|join|reduce|concat)$/
const writingMethods = /^(set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill)$/
/** Writing methods whose result shows what was there. */
const bothMethods = /^(delete|add|pop|shift)$/

/** Reads of one place within a function are found by this: a variable, or the text that names a property or a collection. */
export type Place = Binding | string
/** All properties of an object; the text of the object follows. */
export const EVERYTHING = '* of '

export interface Access {
  readonly node: AnyNode
  /** Null for a call, and for the parameters of a unit: their reads are known as the program runs. */
  readonly place: Place | null
  /** The collection that the place is part of: `list.length` and `list[i]` say what `list` holds. */
  readonly collection: string | null
  /** The list that `list.at(i)` reads an element of: the text before the bracket, where an element is written. */
  readonly list: string | null
  readonly unit: Unit
  readonly site: number
  readonly flags: number
  /** Whether its hook stands where its unit begins: it is one of a pattern of the parameters. */
  readonly isAtHead: boolean
  /** Whether a write depends on it: then the read leaves a mark in the frame of its unit. */
  isSource: boolean
  /** Whether the result of its unit comes of it. */
  isReturned: boolean
  /** Whether a write goes by it and by parameters: only where the caller has announced them the read leaves a mark, beside them. */
  isBesidePassed: boolean
}

export interface Write {
  readonly node: AnyNode
  readonly place: Place
  readonly site: number
  readonly flags: number
}

export type MemberUse = 'read' | 'write' | 'compound' | 'update' | 'delete' | 'call' | 'target' | 'other'

export class Places {
  readonly reads = new Map<AnyNode, Access>()
  readonly writes = new Map<AnyNode, Write>()
  /** The patterns that are looked at. */
  readonly patterns = new Map<AnyNode, { readonly origin: Origin; readonly parts: readonly Part[] }>()
  /** Calls, and the parameters of functions. */
  readonly others = new Map<AnyNode, Access>()
  private readonly _tests = new Map<Unit, Access>()
  /** The names of the getters that the file declares. */
  readonly getters = new Set<string>()

  constructor(
    private readonly _tree: Tree,
    private readonly _scopes: Scopes,
    private readonly _sites: SiteTable,
  ) {
    _tree.walk(_tree.root, (node) => {
      if ((node.type === 'MethodDefinition' || node.type === 'Property') && node.kind === 'get' && !node.computed)
        this.getters.add(_tree.textOf(node.key))
    })
    _tree.walk(_tree.root, (node) => {
      if (_scopes.scopeOf(node).isDynamic) return false
      if (node.type === 'Identifier') this._variable(node)
      else if (node.type === 'MemberExpression' && this.isSeen(node)) this._member(node)
      else if (isPattern(node)) this._pattern(node)
      else if (node.type === 'CallExpression') this._assigned(node)
      else if (node.type === 'SpreadElement') this._spread(node)
      return undefined
    })
  }

  site(node: AnyNode, name: string, how: 'read' | 'write' | 'delete' | 'iterate' | 'function' | 'call' | 'wait'): number {
    const { line, column } = node.loc?.start ?? { line: 0, column: 0 }
    return this._sites.add([line, column + 1, this._scopes.unitOf(node).name, name, how])
  }

  /** The tracked variable that an identifier uses, if the cell of the variable is seen from there. */
  trackedAt(node: AnyNode): Binding | null {
    const reference = this._scopes.referenceOf(node)
    if (reference === null || !isTracked(reference.binding) || this._scopes.scopeOf(node).isDynamic) return null
    const { scope } = reference.binding
    const isInHead = scope.node === scope.unit.node || scope === scope.unit.body
    return !isInHead || this._scopes.sees(node, scope.unit) ? reference.binding : null
  }

  useOf(node: NodeOf<'MemberExpression'>): MemberUse {
    if (isWrappedTarget(this._tree, node)) return 'other'
    const parent = this._tree.parentOf(node)
    if (parent.type === 'AssignmentExpression' && parent.left === node) return parent.operator === '=' ? 'write' : 'compound'
    if (parent.type === 'UpdateExpression') return 'update'
    if (parent.type === 'UnaryExpression' && parent.operator === 'delete') return 'delete'
    if (parent.type === 'CallExpression' && parent.callee === node) return 'call'
    const owner = patternOwner(this._tree, node)
    if (owner?.type === 'AssignmentExpression') return 'target'
    if (owner !== null || (isLoopOverItems(parent) && parent.left === node)) return 'other'
    return parent.type === 'TaggedTemplateExpression' && parent.tag === node ? 'other' : 'read'
  }

  /** The method of a collection that a member is called as. */
  methodOf(node: NodeOf<'MemberExpression'>): string | null {
    if (node.computed || node.property.type !== 'Identifier' || this.useOf(node) !== 'call') return null
    const { name } = node.property
    return readingMethods.test(name) || writingMethods.test(name) ? name : null
  }

  /** The name of the function or method in a call, if the call is plain: no method of collections, and no part of a chain with `?.`. */
  nameOfCall(call: NodeOf<'CallExpression'>): NodeOf<'Identifier'> | null {
    const { callee } = call
    if (callee.type === 'Identifier') return call.optional || callee.name === 'eval' ? null : callee
    if (callee.type !== 'MemberExpression' || callee.computed || this.isBehindLink(call) || this.methodOf(callee) !== null) return null
    return callee.property.type === 'Identifier' && bare(callee.object).type !== 'Super' ? callee.property : null
  }

  /** A call whose result may come of reads; null where no hook can stand around the call, and for functions of the host. */
  callAt(node: NodeOf<'CallExpression'>): Access | null {
    const { callee } = node
    if (this.isBehindLink(node) || functionIn(node) !== null || !this.isOfProgram(callee)) return null
    const name = callee.type === 'MemberExpression' && !callee.computed ? callee.property : callee
    return this._once(node, this._scopes.unitOf(node), () => this.site(name, this._tree.textOf(name), 'call'))
  }

  /** A property that is read, if it has the name of a getter of the file: its value may come of the reads of that. */
  getterAt(node: NodeOf<'MemberExpression'>): Access | null {
    if (node.computed || !this.getters.has(this._tree.textOf(node.property)) || this.useOf(node) !== 'read') return null
    if (!this.isSeen(node) || this.isBehindLink(node)) return null
    return this._once(node, this._scopes.unitOf(node), () => this.site(node.property, this._tree.textOf(node.property), 'call'))
  }

  /** The parameters of a function, which may come of reads of its caller. */
  parametersOf(unit: Unit): Access {
    return this._once(unit.node, unit, () => this.site(unit.node, unit.name, 'function'))
  }

  /** The tests of its caller that decided for the call of a function. */
  testsOf(unit: Unit): Access {
    let access = this._tests.get(unit)
    if (access === undefined) this._tests.set(unit, (access = accessAt(unit.node, null, unit, this.parametersOf(unit).site)))
    return access
  }

  /** Whether the callee may be a function of the program, and is none of the host, as `Math.max`. */
  isOfProgram(callee: AnyNode): boolean {
    if (callee.type === 'Identifier') return this._scopes.referenceOf(callee) !== null && callee.name !== 'eval'
    if (functionIn(callee) !== null) return true // it is called where it stands
    if (callee.type !== 'MemberExpression') return false
    const object = bare(callee.object)
    if (object.type === 'Identifier') return this._scopes.referenceOf(object) !== null
    return object.type !== 'Super' && (object.type !== 'MemberExpression' || this.isOfProgram(object))
  }

  private _once(node: AnyNode, unit: Unit, site: () => number): Access {
    let access = this.others.get(node)
    if (access === undefined) this.others.set(node, (access = accessAt(node, null, unit, site())))
    return access
  }

  isSeen(node: NodeOf<'MemberExpression'>): boolean {
    const object = bare(node.object)
    if (/^(Super|MetaProperty|Literal|TemplateLiteral|ArrayExpression|ObjectExpression)$/.test(object.type)) return false
    if (functionIn(object) !== null || this.useOf(node) === 'other' || this._isBuilt(node) || this.isBehindLink(node.object)) return false
    if (object.type === 'Identifier') {
      const kind = this._scopes.referenceOf(object)?.binding.kind
      return kind !== undefined && kind !== 'namespace'
    }
    return object.type !== 'ThisExpression' || !this.isInConstructor(node)
  }

  /** Whether a link `?.` of the same chain stands in a node: all that follows is skipped with it. */
  isBehindLink(node: AnyNode): boolean {
    if (node.type === 'MemberExpression') return node.optional || this.isBehindLink(node.object)
    if (node.type === 'CallExpression') return node.optional || this.isBehindLink(node.callee)
    return false
  }

  /** An object that is being constructed is nobody else's yet. */
  isInConstructor(node: AnyNode): boolean {
    const { node: owner } = this._scopes.unitOf(node)
    if (owner.type === 'PropertyDefinition') return true
    if (owner.type === 'ArrowFunctionExpression') return this.isInConstructor(this._tree.parentOf(wholeOf(this._tree, owner)))
    const parent = this._tree.parentOf(owner)
    return parent.type === 'MethodDefinition' && parent.kind === 'constructor'
  }

  private _variable(node: NodeOf<'Identifier'>): void {
    const binding = this.trackedAt(node)
    const use = this._scopes.referenceOf(node)?.use
    if (binding === null || use === undefined || use === 'declaration' || use === 'unseen') return
    if (use === 'read' || use === 'compound' || use === 'update') this._addRead(node, binding, binding.name)
    if (use === 'read') return
    const flags = use === 'loop' ? accessFlags.loop : updateFlags(this._tree, node)
    this.writes.set(node, { node, place: binding, site: this.site(node, binding.name, 'write'), flags })
  }

  private _member(node: NodeOf<'MemberExpression'>): void {
    const use = this.useOf(node)
    const method = this.methodOf(node)
    const name = this._tree.textOf(node)
    if (method !== null) return this._collection(node, method)
    const place = placeOf(node, name)
    if (use === 'read' || use === 'call' || use === 'compound' || use === 'update') this._addRead(node, place, name)
    if (use === 'read' || use === 'call') return
    const site = this.site(node, name, use === 'delete' ? 'delete' : 'write')
    this.writes.set(node, { node, place, site, flags: updateFlags(this._tree, node) })
  }

  /** A pattern reads a property for each of its keys. Elements are places where the list has a name. */
  private _pattern(pattern: Pattern): void {
    const origin = originOf(this._tree, pattern)
    if (origin === null) return
    const isNamed = origin.from === 'value' && /^(Identifier|MemberExpression)$/.test(bare(origin.value).type)
    const parts = partsOf(pattern).filter(({ key }) => typeof key !== 'number' || isNamed)
    if (parts.length === 0) return
    this.patterns.set(pattern, { origin, parts })
    for (const part of parts) {
      const { node, key } = part
      const name = nameOfPart(this._tree, origin, part)
      const place = key === null ? `${EVERYTHING}${name}` : typeof key === 'number' ? name : `.${key}`
      const access = accessAt(node, place, this._scopes.unitOf(node), this.site(node, name, 'read'))
      this.reads.set(node, { ...access, isAtHead: origin.from === 'argument' })
    }
  }

  /** `{ ...value }` reads all properties. */
  private _spread(node: NodeOf<'SpreadElement'>): void {
    if (this._tree.parentOf(node).type !== 'ObjectExpression') return
    const text = this._tree.textOf(node.argument)
    const access = accessAt(node, EVERYTHING + text, this._scopes.unitOf(node), this.site(node, `...${text}`, 'iterate'))
    this.reads.set(node, access)
  }

  /** `Object.assign(target, { key: value })` writes the keys of its literals. */
  private _assigned(call: NodeOf<'CallExpression'>): void {
    const target = this.targetOf(call)
    if (target === null) return
    for (const literal of call.arguments.slice(1)) {
      if (literal.type !== 'ObjectExpression') continue
      for (const property of literal.properties) {
        if (property.type !== 'Property' || property.kind !== 'init' || property.computed || property.key.type !== 'Identifier') continue
        const { name } = property.key
        const site = this.site(property, `${this._tree.textOf(target)}.${name}`, 'write')
        this.writes.set(property, { node: property, place: `.${name}`, site, flags: 0 })
      }
    }
  }

  /** The object that a call of `Object.assign` fills, if others may have it. */
  targetOf({ callee, arguments: [target] }: NodeOf<'CallExpression'>): AnyNode | null {
    if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier' || this._tree.textOf(callee) !== 'Object.assign')
      return null
    if (this._scopes.referenceOf(callee.object) !== null || target === undefined) return null
    const object = bare(target)
    if (object.type === 'ThisExpression') return this.isInConstructor(target) ? null : target
    return object.type === 'Identifier' || object.type === 'MemberExpression' ? target : null
  }

  private _collection(node: NodeOf<'MemberExpression'>, method: string): void {
    const object = this._tree.textOf(node.object)
    const name = `${this._tree.textOf(node)}()`
    const place = `items of ${object}`
    if (readingMethods.test(method) || bothMethods.test(method)) this._addRead(node, place, name, method === 'at' ? object : null)
    if (writingMethods.test(method))
      this.writes.set(node, { node, place, site: this.site(node, name, 'write'), flags: droppedFlags(this._tree, node) })
  }

  private _addRead(node: AnyNode, place: Place, name: string, list: string | null = null): void {
    const isPart = node.type === 'MemberExpression' && (node.computed || /\.(size|length)$/.test(name)) && this.useOf(node) === 'read'
    const collection = isPart ? `items of ${this._tree.textOf(node.object)}` : null
    const site = this.site(node, name, 'read')
    const unit = this._scopes.unitOf(node)
    this.reads.set(node, { ...accessAt(node, place, unit, site), collection, list, flags: guardFlags(this._tree, node) })
  }

  /** `new a.b()`: a hook there would be called in place of the constructor. */
  private _isBuilt(node: AnyNode): boolean {
    const parent = this._tree.parentOf(node)
    if (parent.type === 'NewExpression') return parent.callee === node
    const isPart =
      (parent.type === 'MemberExpression' && parent.object === node) || (parent.type === 'TaggedTemplateExpression' && parent.tag === node)
    return isPart && this._isBuilt(parent)
  }
}

function accessAt(node: AnyNode, place: Place | null, unit: Unit, site: number): Access {
  const isSource = false
  return {
    node,
    place,
    collection: null,
    list: null,
    unit,
    site,
    flags: 0,
    isAtHead: false,
    isSource,
    isReturned: false,
    isBesidePassed: false,
  }
}

function placeOf(node: NodeOf<'MemberExpression'>, text: string): Place {
  if (node.computed) return text
  return node.property.type === 'PrivateIdentifier'
    ? `.#${node.property.name}`
    : `.${node.property.type === 'Identifier' ? node.property.name : text}`
}
