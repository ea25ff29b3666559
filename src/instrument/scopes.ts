/**
 * Variables: which scope declares a name, who uses it, and from which function.
 *
 * A variable is *tracked* if a function other than its own uses it and it is assigned after its declaration. Others cannot be part of a
 * race. A unit is what has an activation of its own: a function, a module, the initializer of a field, a static block.
 */
import type { AnyNode, NodeOf, Tree } from './tree.js'
import { isFunction, isLoopOverItems, isWait, namesIn, wholeOf } from './tree.js'

/** The name of a function without one. */
export const UNNAMED = '(anonymous)'

export interface Unit {
  readonly id: number
  readonly node: AnyNode
  readonly name: string
  /** Async functions and generators: their activation waits. */
  readonly suspends: boolean
  /** Whether cells, frames and temporaries can be declared where it begins: the initializer of a field has no such place. */
  readonly hasHead: boolean
  /** The scope that sees what is declared where the unit begins; parameters do not. */
  body: Scope | null
  hasWait: boolean
  /** Where waits are over: the ends of `await` and `yield`, the starts of the bodies of `for await`. */
  readonly waits: number[]
}

export interface Scope {
  readonly node: AnyNode
  readonly parent: Scope | null
  readonly unit: Unit
  /** Inside `with`: what a name means is not known. */
  readonly isDynamic: boolean
  readonly names: Map<string, Binding>
}

export type BindingKind = 'let' | 'const' | 'var' | 'param' | 'function' | 'class' | 'import' | 'namespace' | 'loop head'
export type Use = 'read' | 'write' | 'compound' | 'update' | 'loop' | 'pattern' | 'declaration' | 'unseen'

export interface Binding {
  readonly name: string
  readonly kind: BindingKind
  readonly scope: Scope
  readonly references: Reference[]
  assignments: number
  isCaptured: boolean
}

export interface Reference {
  readonly node: NodeOf<'Identifier'>
  readonly binding: Binding
  readonly use: Use
}

export class Scopes {
  readonly units: Unit[] = []
  private readonly _scopes = new Map<AnyNode, Scope>()
  private readonly _references = new Map<AnyNode, Reference>()

  constructor(private readonly _tree: Tree) {
    const root = this._scope(_tree.root, null, this._unit(_tree.root))
    root.unit.body = root
    for (const child of _tree.childrenOf(_tree.root)) this._declare(child, root)
    this._scopes.set(_tree.root, root)
    _tree.walk(_tree.root, (node) => {
      if (isWait(node)) this._wait(node)
      if (node.type === 'Identifier' && isReference(_tree, node)) this._refer(node)
    })
  }

  scopeOf(node: AnyNode): Scope {
    const scope = this._scopes.get(node)
    if (scope === undefined) throw new Error(`no scope for a ${node.type}`)
    return scope
  }

  unitOf(node: AnyNode): Unit {
    return this.scopeOf(node).unit
  }

  /** The variable that an identifier stands for; null for a global, and for a name that is none of a variable. */
  referenceOf(node: AnyNode): Reference | null {
    return this._references.get(node) ?? null
  }

  /** Whether code at `node` sees what is declared where `unit` begins. */
  sees(node: AnyNode, unit: Unit): boolean {
    if (!unit.hasHead) return false
    for (let scope: Scope | null = this.scopeOf(node); scope !== null; scope = scope.parent) if (scope === unit.body) return true
    return false
  }

  private _wait(node: AnyNode): void {
    const unit = this.unitOf(node)
    unit.hasWait = true
    unit.waits.push(node.type === 'ForOfStatement' ? node.body.start : node.end)
  }

  private _refer(node: NodeOf<'Identifier'>): void {
    const scope = this.scopeOf(node)
    const binding = find(scope, node.name)
    if (binding === null) return
    const reference = { node, binding, use: useOf(this._tree, node) }
    this._references.set(node, reference)
    binding.references.push(reference)
    if (reference.use !== 'read' && reference.use !== 'declaration') binding.assignments++
    if (scope.unit !== binding.scope.unit) binding.isCaptured = true
  }

  private _unit(node: AnyNode): Unit {
    const unit: Unit = {
      id: this.units.length,
      node,
      name: node.type === 'Program' ? '(module)' : nameOf(this._tree, node),
      suspends: isFunction(node) && (node.async || node.generator),
      hasHead: node.type !== 'PropertyDefinition',
      body: null,
      hasWait: false,
      waits: [],
    }
    this.units.push(unit)
    return unit
  }

  private _scope(node: AnyNode, parent: Scope | null, unit: Unit): Scope {
    const isDynamic = parent?.isDynamic === true || (node.type === 'BlockStatement' && this._tree.parentOf(node).type === 'WithStatement')
    return { node, parent, unit, isDynamic, names: new Map() }
  }

  /** Notes the scope of each node, and declares what it declares. */
  private _declare(node: AnyNode, scope: Scope): void {
    this._scopes.set(node, scope)
    if (isFunction(node)) return this._declareFunction(node, scope)
    if (node.type === 'PropertyDefinition') return this._declareField(node, scope)
    const inner = opensScope(node) ? this._scope(node, scope, node.type === 'StaticBlock' ? this._unit(node) : scope.unit) : scope
    if (node.type === 'StaticBlock') inner.unit.body = inner
    if (node.type === 'ClassDeclaration' && node.id != null) this._add(scope, node.id, 'class')
    if (node.type === 'CatchClause' && node.param != null) for (const id of namesIn(node.param)) this._add(inner, id, 'let')
    if (node.type === 'ImportDeclaration')
      for (const { local, type } of node.specifiers) this._add(scope, local, type === 'ImportNamespaceSpecifier' ? 'namespace' : 'import')
    if (node.type === 'VariableDeclaration') this._declareVariables(node, scope)
    for (const child of this._tree.childrenOf(node)) this._declare(child, inner)
  }

  private _declareFunction(node: Extract<AnyNode, { params: unknown }>, scope: Scope): void {
    if (node.type === 'FunctionDeclaration' && node.id !== null) this._add(scope, node.id, 'function')
    const unit = this._unit(node)
    const parameters = this._scope(node, scope, unit)
    const body = this._scope(node, parameters, unit)
    unit.body = body
    if (node.type === 'FunctionExpression' && node.id != null) this._add(parameters, node.id, 'function')
    for (const id of node.params.flatMap(namesIn)) this._add(parameters, id, 'param')
    if (node.id != null) this._scopes.set(node.id, scope)
    for (const parameter of node.params) this._declare(parameter, parameters)
    if (node.body.type !== 'BlockStatement') return this._declare(node.body, body)
    this._scopes.set(node.body, body)
    for (const statement of node.body.body) this._declare(statement, body)
  }

  private _declareField(node: NodeOf<'PropertyDefinition'>, scope: Scope): void {
    this._declare(node.key, scope)
    if (node.value == null) return
    const unit = this._unit(node)
    unit.body = this._scope(node, scope, unit)
    this._declare(node.value, unit.body)
  }

  private _declareVariables(node: NodeOf<'VariableDeclaration'>, scope: Scope): void {
    const parent = this._tree.parentOf(node)
    const isHead = (parent.type === 'ForStatement' && parent.init === node) || (isLoopOverItems(parent) && parent.left === node)
    const isConst = node.kind !== 'var' && node.kind !== 'let'
    const kind = node.kind === 'var' ? 'var' : isHead ? 'loop head' : isConst ? 'const' : 'let'
    for (const { id } of node.declarations)
      for (const name of namesIn(id)) this._add(node.kind === 'var' ? (scope.unit.body ?? scope) : scope, name, kind)
  }

  private _add(scope: Scope, { name }: NodeOf<'Identifier'>, kind: BindingKind): void {
    const isKnown =
      scope.names.has(name) || (scope === scope.unit.body && scope.parent?.unit === scope.unit && scope.parent.names.has(name))
    if (!isKnown) scope.names.set(name, { name, kind, scope, references: [], assignments: 0, isCaptured: false })
  }
}

export function isTracked(binding: Binding): boolean {
  if (!binding.isCaptured || binding.assignments === 0 || binding.scope.isDynamic) return false
  if (binding.scope.node.type === 'SwitchStatement' || (binding.scope === binding.scope.unit.body && !binding.scope.unit.hasHead))
    return false
  return binding.kind === 'let' || binding.kind === 'var' || binding.kind === 'param'
}

function find(scope: Scope | null, name: string): Binding | null {
  for (; scope !== null; scope = scope.parent) {
    const binding = scope.names.get(name)
    if (binding !== undefined) return binding
  }
  return null
}

function opensScope({ type }: AnyNode): boolean {
  return /^(BlockStatement|StaticBlock|ForStatement|ForInStatement|ForOfStatement|SwitchStatement|CatchClause)$/.test(type)
}

/** The assignment, the declaration or the loop whose pattern a node is a target of; null where it is none. */
export function patternOwner(tree: Tree, node: AnyNode): AnyNode | null {
  let child = node
  for (let parent = tree.parentOf(node); ; child = parent, parent = tree.parentOf(parent)) {
    if (parent.type === 'ArrayPattern' || parent.type === 'ObjectPattern' || parent.type === 'RestElement') continue
    if (parent.type === 'Property' && parent.value === child && tree.parentOf(parent).type === 'ObjectPattern') continue
    if (parent.type === 'AssignmentPattern' && parent.left === child) continue
    return child === node ? null : parent
  }
}

function useOf(tree: Tree, node: AnyNode): Use {
  if (isWrappedTarget(tree, node)) return 'unseen'
  const owner = patternOwner(tree, node)
  const parent = owner ?? tree.parentOf(node)
  if (parent.type === 'VariableDeclarator' && (owner === null ? parent.id === node : true)) {
    const declaration = tree.parentOf(parent)
    return declaration.type === 'VariableDeclaration' && declaration.kind === 'var' && isLoopOverItems(tree.parentOf(declaration))
      ? 'loop'
      : 'declaration'
  }
  if (isLoopOverItems(parent)) return owner !== null || parent.left === node ? 'loop' : 'read'
  if (owner !== null) return parent.type === 'AssignmentExpression' ? 'pattern' : 'declaration'
  if (parent.type === 'AssignmentExpression' && parent.left === node) return parent.operator === '=' ? 'write' : 'compound'
  if (parent.type === 'UpdateExpression') return 'update'
  return isDeclared(parent, node) ? 'declaration' : 'read'
}

/** `(a) = 1`, `(a.b)()`: what stands in the parentheses must stay what it is, a reference. */
export function isWrappedTarget(tree: Tree, node: AnyNode): boolean {
  let child = node
  let parent = tree.parentOf(child)
  for (; parent.type === 'ParenthesizedExpression'; parent = tree.parentOf(parent)) child = parent
  if (child === node) return false
  switch (parent.type) {
    case 'AssignmentExpression':
    case 'ForInStatement':
    case 'ForOfStatement':
      return parent.left === child
    case 'CallExpression':
      return parent.callee === child
    case 'TaggedTemplateExpression':
      return parent.tag === child
    case 'UnaryExpression':
      return parent.operator === 'delete'
    default:
      return parent.type === 'UpdateExpression' || patternOwner(tree, child) !== null
  }
}

/** The name of a function or a class, a parameter, the variable of a catch clause. */
function isDeclared(parent: AnyNode, node: AnyNode): boolean {
  if (isFunction(parent)) return parent.body !== node
  if (parent.type === 'ClassDeclaration' || parent.type === 'ClassExpression') return parent.id === node
  return parent.type === 'CatchClause' || (parent.type === 'AssignmentPattern' && parent.left === node)
}

/** Whether an identifier names a variable, and not a property, a label or what is imported. */
function isReference(tree: Tree, node: AnyNode): boolean {
  const parent = tree.parentOf(node)
  switch (parent.type) {
    case 'MemberExpression':
      return parent.object === node || parent.computed
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return parent.value === node || parent.computed
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
    case 'ImportAttribute':
    case 'ExportSpecifier':
    case 'ExportAllDeclaration':
    case 'MetaProperty':
      return false
    default:
      return true
  }
}

function nameOf(tree: Tree, node: AnyNode): string {
  if (node.type === 'StaticBlock') return '(static block)'
  if (node.type === 'PropertyDefinition') return keyName(node.key)
  if (isFunction(node) && node.id != null) return node.id.name
  const parent = tree.parentOf(wholeOf(tree, node))
  if (parent.type === 'VariableDeclarator') return keyName(parent.id)
  if (parent.type === 'Property' || parent.type === 'MethodDefinition' || parent.type === 'PropertyDefinition') return keyName(parent.key)
  if (parent.type === 'AssignmentExpression') return keyName(parent.left.type === 'MemberExpression' ? parent.left.property : parent.left)
  return UNNAMED
}

function keyName(node: AnyNode): string {
  if (node.type === 'Identifier') return node.name
  if (node.type === 'PrivateIdentifier') return `#${node.name}`
  return node.type === 'Literal' ? String(node.value) : UNNAMED
}
