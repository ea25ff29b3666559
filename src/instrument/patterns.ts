/**
 * Patterns that take values apart: which keys they read, and where their value comes from.
 *
 * Hooks of a pattern note the reads of its keys from the value, and stand where the value can be named: around the expression, at the
 * start of the function for a parameter, at the start of the body for a loop.
 */
import { isFunction, namesIn, takesName, type AnyNode, type FunctionNode, type NodeOf, type Tree } from './tree.js'

export type Pattern = NodeOf<'ObjectPattern'> | NodeOf<'ArrayPattern'>
export type LoopOfItems = NodeOf<'ForOfStatement'>

/** The reads of an object in a pattern: a key, an element, or all other keys (`...rest`; the key is null). */
export interface Part {
  /** The property, the element or the rest. */
  readonly node: AnyNode
  /** The keys that lead from the value of the pattern to the object. */
  readonly path: readonly (string | number)[]
  readonly key: string | number | null
}

export type Origin =
  | { readonly from: 'value'; readonly value: AnyNode }
  | { readonly from: 'items'; readonly loop: LoopOfItems }
  | { readonly from: 'argument'; readonly owner: FunctionNode; readonly parameter: AnyNode }

export function isPattern(node: AnyNode | null | undefined): node is Pattern {
  return node?.type === 'ObjectPattern' || node?.type === 'ArrayPattern'
}

/** Where a pattern has its value from; null for a pattern in a pattern, that of a `catch`, and where no hook can stand. */
export function originOf(tree: Tree, pattern: Pattern): Origin | null {
  const parent = tree.parentOf(pattern)
  const value = valueOf(parent, pattern)
  if (value !== null) return { from: 'value', value }
  const left = parent.type === 'VariableDeclarator' ? tree.parentOf(parent) : pattern
  const loop = tree.parentOf(left)
  if (loop.type === 'ForOfStatement' && loop.left === left) return canBeMoved(tree, loop) ? { from: 'items', loop } : null
  const parameter = withDefault(tree, pattern)
  const owner = tree.parentOf(parameter)
  if (!isFunction(owner) || !canHoldArguments(tree, owner)) return null
  return owner.params.some((one) => one === parameter) ? { from: 'argument', owner, parameter } : null
}

/** The value that a pattern takes apart, of a declaration or an assignment. */
export function valueOf(parent: AnyNode, pattern: AnyNode): AnyNode | null {
  if (parent.type === 'VariableDeclarator' && parent.id === pattern) return parent.init ?? null
  return parent.type === 'AssignmentExpression' && parent.left === pattern ? parent.right : null
}

/** A pattern with its default, `{ n } = {}`. */
function withDefault(tree: Tree, pattern: Pattern): AnyNode {
  const parent = tree.parentOf(pattern)
  return parent.type === 'AssignmentPattern' && parent.left === pattern ? parent : pattern
}

/** The pattern of a loop goes to its body, where the names that it declares do not cover those of the list. */
function canBeMoved(tree: Tree, { left, right }: LoopOfItems): boolean {
  const declared = new Set(
    left.type === 'VariableDeclaration' ? left.declarations.flatMap(({ id }) => namesIn(id)).map(({ name }) => name) : [],
  )
  let isUsed = false
  tree.walk(right, (node) => {
    isUsed ||= node.type === 'Identifier' && declared.has(node.name)
  })
  return !isUsed
}

/** The patterns go to the place of a rest parameter; a setter has none. A function that does nothing has no place for hooks. */
function canHoldArguments(tree: Tree, owner: FunctionNode): boolean {
  const parent = tree.parentOf(owner)
  if ((parent.type === 'Property' || parent.type === 'MethodDefinition') && parent.kind === 'set') return false
  if (owner.params.at(-1)?.type === 'RestElement') return false
  if (owner.params.some((one) => one.type === 'AssignmentPattern' && isPattern(one.left) && takesName(one.right))) return false
  return owner.body.type !== 'BlockStatement' || owner.body.body.length > 0
}

export function partsOf(pattern: Pattern, path: Part['path'] = []): Part[] {
  if (pattern.type === 'ArrayPattern') return pattern.elements.flatMap((element, index) => elementParts(element, index, path))
  return pattern.properties.flatMap((property): Part[] => {
    if (property.type === 'RestElement') return [{ node: property, path, key: null }]
    if (property.computed || property.key.type !== 'Identifier') return []
    const { name } = property.key
    return [{ node: property, path, key: name }, ...partsIn(property.value, [...path, name])]
  })
}

function elementParts(element: AnyNode | null, index: number, path: Part['path']): Part[] {
  if (element === null || element.type === 'RestElement') return []
  return [{ node: element, path, key: index }, ...partsIn(element, [...path, index])]
}

/** Those of a pattern in a pattern. */
function partsIn(target: AnyNode, path: Part['path']): Part[] {
  const pattern = target.type === 'AssignmentPattern' ? target.left : target
  return isPattern(pattern) ? partsOf(pattern, path) : []
}

/** Whether the reads of a part have been noted where its pattern stands: the node is no expression. */
export function isPart(tree: Tree, node: AnyNode): boolean {
  const parent = tree.parentOf(node)
  return parent.type === 'ArrayPattern' || (parent.type === 'ObjectPattern' && node.type !== 'Identifier')
}

/** `value.path.key`, as reports name it, and `...value.path` for the rest. Arguments and items have no name where the pattern stands. */
export function nameOfPart(tree: Tree, origin: Origin, { path, key }: Part): string {
  if (origin.from !== 'value') return key === null ? '...' : String(key)
  const keys = key === null ? path : [...path, key]
  const name = tree.textOf(origin.value) + keys.map((one) => (typeof one === 'number' ? `[${one}]` : `.${one}`)).join('')
  return key === null ? `...${name}` : name
}
