/**
 * The syntax tree of a file, with the links that acorn does not keep: the parent and the children of each node.
 *
 * Parentheses are nodes of their own (`preserveParens`): where a node starts and ends is where its text does.
 */
import { parse, type AnyNode, type ArrowFunctionExpression, type FunctionDeclaration, type FunctionExpression } from 'acorn'

export type { AnyNode }
export type FunctionNode = FunctionDeclaration | FunctionExpression | ArrowFunctionExpression
export type NodeOf<T extends AnyNode['type']> = Extract<AnyNode, { type: T }>

const none: readonly AnyNode[] = []

export class Tree {
  readonly root: NodeOf<'Program'>
  private readonly _parents = new Map<AnyNode, AnyNode>()
  private readonly _children = new Map<AnyNode, readonly AnyNode[]>()

  constructor(
    readonly code: string,
    isScript: boolean,
  ) {
    this.root = parse(code, {
      ecmaVersion: 'latest',
      sourceType: isScript ? 'script' : 'module',
      allowReturnOutsideFunction: isScript,
      allowHashBang: true,
      preserveParens: true,
      locations: true,
    })
    this._link(this.root)
  }

  parentOf(node: AnyNode): AnyNode {
    return this._parents.get(node) ?? this.root
  }

  childrenOf(node: AnyNode): readonly AnyNode[] {
    return this._children.get(node) ?? none
  }

  textOf(node: AnyNode): string {
    return this.code.slice(node.start, node.end)
  }

  /** Visits a node and what is in it, outer nodes first; where `visit` returns false, nothing below that node. */
  walk(node: AnyNode, visit: (node: AnyNode) => void | false): void {
    if (visit(node) === false) return
    for (const child of this.childrenOf(node)) this.walk(child, visit)
  }

  /** The index of the next token at or after `index`: past white space and comments. */
  tokenAt(index: number): number {
    const blank = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)*/y
    blank.lastIndex = index
    return index + (blank.exec(this.code)?.[0].length ?? 0)
  }

  /** Whether a node has a wait of its own: an `await`, a `yield` or a `for await` that no function inside it owns. */
  hasWait(node: AnyNode): boolean {
    let isFound = false
    this.walk(node, (inner) => {
      if (inner !== node && startsUnit(inner)) return false
      isFound ||= isWait(inner)
      return isFound ? false : undefined
    })
    return isFound
  }

  /** Whether a statement is one of a list, where the text before it may lack its semicolon. */
  isInList(statement: AnyNode): boolean {
    const { type } = this.parentOf(statement)
    return type === 'BlockStatement' || type === 'Program' || type === 'SwitchCase' || type === 'StaticBlock'
  }

  private _link(node: AnyNode): void {
    const children = nodesIn(node).filter((child) => !this._parents.has(child)) // `import { a }` has one node in two fields
    this._children.set(node, children)
    for (const child of children) {
      this._parents.set(child, node)
      this._link(child)
    }
  }
}

function nodesIn(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = []
  const values: unknown[] = Object.values(node)
  for (const value of values)
    // a node is a plain record
    if (Array.isArray(value)) found.push(...value.filter(isNode))
    else if (isNode(value)) found.push(value)
  return found.sort((a, b) => a.start - b.start)
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value
}

export function isFunction(node: AnyNode): node is FunctionNode {
  return node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'
}

/** What runs as a function of its own: functions, initializers of fields, static blocks. */
export function startsUnit(node: AnyNode): boolean {
  return isFunction(node) || node.type === 'PropertyDefinition' || node.type === 'StaticBlock'
}

export function isWait(node: AnyNode): boolean {
  return node.type === 'AwaitExpression' || node.type === 'YieldExpression' || (node.type === 'ForOfStatement' && node.await)
}

export function isLoopOverItems(node: AnyNode): node is NodeOf<'ForOfStatement'> | NodeOf<'ForInStatement'> {
  return node.type === 'ForOfStatement' || node.type === 'ForInStatement'
}

/** The identifiers that a pattern declares or assigns. */
export function namesIn(pattern: AnyNode | null): NodeOf<'Identifier'>[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern]
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) => namesIn(property.type === 'RestElement' ? property.argument : property.value))
    case 'ArrayPattern':
      return pattern.elements.flatMap(namesIn)
    case 'AssignmentPattern':
      return namesIn(pattern.left)
    case 'RestElement':
      return namesIn(pattern.argument)
    default:
      return []
  }
}

/** The expression within parentheses. */
export function bare(node: AnyNode): AnyNode {
  return node.type === 'ParenthesizedExpression' ? bare(node.expression) : node
}

/**
 * The function that an expression is where it stands: also in parentheses, in `__name(f, 'f')`, by which esbuild keeps the names of
 * functions, and in `f.bind(value)`.
 */
export function functionIn(node: AnyNode): FunctionNode | null {
  if (isFunction(node)) return node
  const inner = wrapped(node)
  return inner === null ? null : functionIn(inner)
}

/** The expression that stands for a function, from the outside: `functionIn` looks into it. */
export function wholeOf(tree: Tree, node: AnyNode): AnyNode {
  const parent = tree.parentOf(node)
  const around = [parent, tree.parentOf(parent)].find((one) => wrapped(one) === node)
  return around === undefined ? node : wholeOf(tree, around)
}

function wrapped(node: AnyNode): AnyNode | null {
  if (node.type === 'ParenthesizedExpression') return node.expression
  if (node.type !== 'CallExpression' || node.optional) return null
  const { callee, arguments: values } = node
  const [first, name] = values
  if (callee.type === 'Identifier' && /^__name\d*$/.test(callee.name))
    return first !== undefined && name?.type === 'Literal' && typeof name.value === 'string' ? first : null
  if (callee.type !== 'MemberExpression' || callee.computed || callee.optional || callee.property.type !== 'Identifier') return null
  return callee.property.name === 'bind' && values.length < 2 ? callee.object : null // more of them take the places of parameters
}

/** Functions and classes without a name get the name of the variable they are assigned to, and only where they stand there as they are. */
export function takesName(node: AnyNode): boolean {
  const value = bare(node)
  if (value.type === 'ArrowFunctionExpression') return true
  return (value.type === 'FunctionExpression' || value.type === 'ClassExpression') && value.id == null
}
