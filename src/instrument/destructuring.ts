/**
 * Hooks at patterns: the reads of the value that they take apart, and the writes of their targets.
 *
 *     const { n } = value               hooks around the value
 *     for (const { n } of list) body    for (const item of list) { const { n } = hooks(item); body }
 *     (a, { n }, b = 1) => body         (a, item, other = void 0, ...{ none: { n } = item,
 *                                         none: { none: b = 1 } = { none: other } }) => { hooks(item); body }
 *
 * The pattern of a parameter stays in its place, and so does all after it, as the keys of a pattern of the rest parameters: these have
 * no such key, so each default is taken. The order of evaluation, the scopes and the length of the function stay as they are.
 */
import type { Members } from './members.js'
import type { Output, Rewriting } from './output.js'
import { isPattern, type Part } from './patterns.js'
import type { Places } from './places.js'
import type { Unit } from './scopes.js'
import { type AnyNode, type FunctionNode, type NodeOf, type Tree } from './tree.js'
import type { Variables } from './variables.js'

export class Destructuring {
  private readonly _tree: Tree
  private readonly _places: Places
  private readonly _out: Output
  /** The reads of the patterns among the parameters of a function. */
  private readonly _heads = new Map<AnyNode, string>()

  constructor(
    { tree, places, out }: Rewriting,
    private readonly _variables: Variables,
    private readonly _members: Members,
  ) {
    this._tree = tree
    this._places = places
    this._out = out
  }

  /** `const { n } = value` */
  value(pattern: AnyNode): void {
    const taken = this._places.patterns.get(pattern)
    if (pattern.type === 'ArrayPattern') this._items(pattern)
    if (taken?.origin.from !== 'value') return
    for (const part of taken.parts) this._out.around(taken.origin.value, ...this._hooksOf(part))
  }

  /** `({ n: target } = value)`, with the writes of the targets. */
  assignment(node: NodeOf<'AssignmentExpression'>): void {
    if (!isPattern(node.left)) return
    this.value(node.left)
    const hooks = targetsIn(node.left).map((target) => this._variables.written(target) ?? this._members.written(target))
    const written = hooks.flatMap((hook) => (hook === null ? [] : [`,${hook}`]))
    if (written.length > 0) this._out.around(node, `${this._out.hooks}.first(`, `${written.join('')})`)
  }

  /** Moves the pattern of a loop to the start of its body, after a hook; returns whether it has. */
  items({ left, body }: NodeOf<'ForOfStatement'>, hook: string): boolean {
    const pattern = left.type === 'VariableDeclaration' ? left.declarations[0]?.id : left
    if (pattern === undefined || this._places.patterns.get(pattern)?.origin.from !== 'items') return false
    const item = this._out.name()
    const value = `=${this._reads(pattern, item)}`
    const isDeclared = left.type === 'VariableDeclaration'
    if (isDeclared) this._out.token(left.start, left.kind, 'const')
    this._out.after(pattern.start, isDeclared ? ` ${item} ` : `const ${item} `)
    this._out.around(pattern, isDeclared ? `{${hook}${left.kind} ` : `{${hook}(`, isDeclared ? `${value};` : `${value});`)
    this._out.edits.move(pattern.start, pattern.end, body.start)
    this._out.after(body.end, '}')
    return true
  }

  /** The parameters from the first pattern on. */
  parameters(node: FunctionNode): void {
    const { params } = node
    const patterns = params.map((parameter) => (parameter.type === 'AssignmentPattern' ? parameter.left : parameter))
    const first = patterns.findIndex((pattern) => this._places.patterns.get(pattern)?.origin.from === 'argument')
    if (first < 0) return
    const none = JSON.stringify(this._out.hooks)
    const names = params.map(() => this._out.name())
    let reads = ''
    for (const [i, parameter] of params.entries()) {
      if (i < first) continue
      const name = names[i] ?? ''
      if (parameter.type === 'AssignmentPattern') this._out.around(parameter, `${none}:{${none}:`, `}={${none}:${name}}`)
      else this._out.around(parameter, `${none}:`, `=${name}`)
      if (this._places.patterns.has(patterns[i] ?? parameter)) reads += `${this._reads(patterns[i] ?? parameter, name)};`
    }
    const formal = params.slice(first).map((one, i) => `${names[first + i]}${one.type === 'AssignmentPattern' ? '=void 0' : ''},`)
    const last = params.at(-1) ?? node
    const end = this._tree.tokenAt(last.end)
    this._out.before(params[first]?.start ?? 0, `${formal.join('')}...{`)
    this._out.after(this._tree.code[end] === ',' ? end + 1 : last.end, '}')
    this._heads.set(node, reads)
  }

  /** The reads of the patterns among the parameters of a unit, for where it begins. */
  head({ node }: Unit): string {
    return this._heads.get(node) ?? ''
  }

  iterate(node: AnyNode, hook: 'items' | 'everything'): void {
    const site = this._places.site(node, (hook === 'everything' ? '...' : '') + this._tree.textOf(node), 'iterate')
    const [open, close] = node.type === 'SequenceExpression' ? ['(', ')'] : ['', '']
    this._out.around(node, `${this._out.hooks}.${hook}(${open}`, `${close},${this._out.site(site)})`)
  }

  /** `const [a, b] = list` looks at the list. */
  private _items(pattern: NodeOf<'ArrayPattern'>): void {
    const parent = this._tree.parentOf(pattern)
    if (parent.type === 'VariableDeclarator' && parent.init != null) this.iterate(parent.init, 'items')
    if (parent.type === 'AssignmentExpression') this.iterate(parent.right, 'items')
  }

  private _reads(pattern: AnyNode, value: string): string {
    return (this._places.patterns.get(pattern)?.parts ?? []).reduce((text, part) => this._hooksOf(part).join(text), value)
  }

  /** The text before and after the value that is taken apart. */
  private _hooksOf({ node, path, key }: Part): [before: string, after: string] {
    const access = this._places.reads.get(node)
    if (access === undefined) return ['', '']
    const { hooks } = this._out
    const read = this._out.readArguments(access)
    if (path.length > 0 || typeof key === 'number') return [`${hooks}.part(`, `,${JSON.stringify(path)},${JSON.stringify(key)},${read})`]
    return key === null ? [`${hooks}.everything(`, `,${read})`] : [`${hooks}.read(`, `,${JSON.stringify(key)},${read})`]
  }
}

/** The targets of a pattern, members included. */
function targetsIn(pattern: AnyNode | null): AnyNode[] {
  switch (pattern?.type) {
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) => targetsIn(property.type === 'RestElement' ? property.argument : property.value))
    case 'ArrayPattern':
      return pattern.elements.flatMap(targetsIn)
    case 'AssignmentPattern':
      return targetsIn(pattern.left)
    case 'RestElement':
      return targetsIn(pattern.argument)
    default:
      return pattern == null ? [] : [pattern]
  }
}
