/**
 * Hooks where a collection is thrown away for an empty one, `this.#lines = []`: items that others have added since it was looked at are
 * lost. The assignment goes by the tests of the collection, as `lines.length = 0` does.
 */
import type { DependenceAnalysis, Sources } from './dependence.js'
import type { Output, Rewriting } from './output.js'
import type { Places } from './places.js'
import type { Scopes } from './scopes.js'
import { bare, type AnyNode, type NodeOf, type Tree } from './tree.js'

type Assignment = NodeOf<'AssignmentExpression'>

/** The text of the old collection, and of its place: an object and a key, or the cell of a variable. */
interface Replaced {
  readonly old: string
  readonly owner: string
  readonly key: string
}

export class Replacements {
  private readonly _tree: Tree
  private readonly _scopes: Scopes
  private readonly _places: Places
  private readonly _out: Output
  private readonly _found = new Map<AnyNode, { readonly site: number; readonly sources: Sources }>()

  constructor({ tree, scopes, places, out }: Rewriting, analysis: DependenceAnalysis) {
    this._tree = tree
    this._scopes = scopes
    this._places = places
    this._out = out
    tree.walk(tree.root, (node) => {
      if (scopes.scopeOf(node).isDynamic) return false
      if (node.type === 'AssignmentExpression' && node.operator === '=' && isEmpty(bare(node.right))) this._find(node, analysis)
      return undefined
    })
  }

  /** Before the hook of the assignment itself, which stands outside of this one. */
  rewrite({ left, right }: Assignment): void {
    const found = this._found.get(right)
    const replaced = found === undefined ? null : this._replaced(left)
    if (found === undefined || replaced === null) return
    const { old, owner, key } = replaced
    this._out.around(
      right,
      `${this._out.hooks}.replaces(`,
      `,${old},${owner},${key},${this._out.site(found.site)},${this._out.dependence(found.sources)})`,
    )
  }

  private _find({ left, right }: Assignment, analysis: DependenceAnalysis): void {
    if (!this._places.writes.has(left) || this._canBeNamed(left) === null) return
    const name = this._tree.textOf(left)
    const site = this._places.site(left, name, 'write')
    const sources = analysis.sourcesOf({ node: right, place: `items of ${name}`, site, flags: 0 })
    if (sources.size > 0) this._found.set(right, { site, sources })
  }

  /** The object of a property if it is a constant; the variable itself. */
  private _canBeNamed(target: AnyNode): AnyNode | null {
    if (target.type === 'Identifier') return target
    if (target.type !== 'MemberExpression' || target.computed) return null
    const { object } = target
    if (object.type === 'ThisExpression') return object
    return object.type === 'Identifier' && this._scopes.referenceOf(object)?.binding.assignments === 0 ? object : null
  }

  private _replaced(target: AnyNode): Replaced | null {
    if (target.type === 'Identifier') {
      const binding = this._places.trackedAt(target)
      return binding === null ? null : { old: binding.name, owner: this._out.cellOf(binding), key: 'null' }
    }
    if (target.type !== 'MemberExpression') return null
    const owner = this._tree.textOf(target.object)
    const name = this._tree.textOf(target.property)
    const isPrivate = target.property.type === 'PrivateIdentifier'
    if (isPrivate && this._places.getters.has(name)) return null
    return { old: isPrivate ? this._tree.textOf(target) : 'void 0', owner, key: JSON.stringify(name) } // the hook reads no getter
  }
}

/** `[]`, `new Map()`, `new Set()` */
function isEmpty(value: AnyNode): boolean {
  if (value.type === 'ArrayExpression') return value.elements.length === 0
  return (
    value.type === 'NewExpression' &&
    value.arguments.length === 0 &&
    value.callee.type === 'Identifier' &&
    /^(Array|Map|Set)$/.test(value.callee.name)
  )
}
