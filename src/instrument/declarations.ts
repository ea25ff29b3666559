/**
 * Declarations whose line accepts races, `// race-ok: why`: hooks that say so of a variable, a property of an object literal,
 * a field of a class (also `this.count = 0` in its constructor), and of the object that a literal or `new` makes for one.
 */
import type { Output, Rewriting } from './output.js'
import type { Places } from './places.js'
import type { Binding } from './scopes.js'
import type { SiteTable } from './sites.js'
import { bare, takesName, type AnyNode, type NodeOf, type Tree } from './tree.js'

export class Declarations {
  private readonly _tree: Tree
  private readonly _places: Places
  private readonly _out: Output

  constructor(
    { tree, places, out }: Rewriting,
    private readonly _table: SiteTable,
    private readonly _lines: ReadonlySet<number>,
  ) {
    this._tree = tree
    this._places = places
    this._out = out
  }

  rewrite(node: AnyNode): void {
    if (this._lines.size === 0) return
    if (node.type === 'VariableDeclarator') this._variable(node)
    if (node.type === 'ObjectExpression') this._literal(node)
    if (node.type === 'PropertyDefinition') this._field(node)
    if (node.type === 'AssignmentExpression') this._own(node)
  }

  /** The hook that makes the cell of a variable. */
  cell({ name, references }: Binding): string {
    const cell = this._out.hook('cell', JSON.stringify(name))
    const declared = references.find(({ node, use }) => use === 'declaration' && this._isAllowed(node))
    return declared === undefined ? cell : this._declared(cell, null, declared.node)
  }

  private _variable({ id, init }: NodeOf<'VariableDeclarator'>): void {
    if (init != null && this._isAllowed(id)) this._object(init, id)
  }

  private _literal(node: NodeOf<'ObjectExpression'>): void {
    for (const property of node.properties) {
      const key = property.type === 'Property' && !property.computed ? keyOf(property.key) : null
      if (property.type !== 'Property' || key === null || !this._isAllowed(property.key)) continue
      this._object(property.value, property.key)
      this._around(node, key, property.key)
    }
  }

  /** A function without a name keeps its place: it would lose the name that the field gives it. */
  private _field({ key, value, computed }: NodeOf<'PropertyDefinition'>): void {
    const name = computed ? null : keyOf(key)
    if (name === null || !this._isAllowed(key) || (value != null && takesName(value))) return
    const declared = this._declared('this', name, key)
    if (value == null) return this._out.after(key.end, `=${this._out.hook('first', 'void 0', declared)}`)
    this._object(value, key)
    this._out.around(value, `${this._out.hooks}.first(`, `,${declared})`)
  }

  /** `this.count = 0` in a constructor. */
  private _own({ left, right, operator }: NodeOf<'AssignmentExpression'>): void {
    if (operator !== '=' || left.type !== 'MemberExpression' || left.computed || left.object.type !== 'ThisExpression') return
    const key = keyOf(left.property)
    if (key === null || !this._isAllowed(left) || !this._places.isInConstructor(left)) return
    this._object(right, left)
    this._out.around(right, `${this._out.hooks}.first(`, `,${this._declared('this', key, left)})`)
  }

  /** The races of an object that is made here are accepted with its variable. */
  private _object(value: AnyNode, declaration: AnyNode): void {
    if (/^(?:Object|Array|New)Expression$/.test(bare(value).type)) this._around(value, null, declaration)
  }

  private _around(value: AnyNode, key: string | null, declaration: AnyNode): void {
    this._out.around(value, `${this._out.hooks}.declared(`, `,${this._parameters(key, declaration)})`)
  }

  private _declared(object: string, key: string | null, node: AnyNode): string {
    return this._out.hook('declared', object, this._parameters(key, node))
  }

  private _parameters(key: string | null, node: AnyNode): string {
    return `${JSON.stringify(key)},${this._out.site(this._places.site(node, this._tree.textOf(node), 'write'))}`
  }

  private _isAllowed({ loc }: AnyNode): boolean {
    return loc != null && this._lines.has(this._table.positionOf(loc.start.line, loc.start.column + 1)[0])
  }
}

/** The key as the engine knows the place of a property. */
function keyOf(key: AnyNode): string | null {
  if (key.type === 'Identifier') return key.name
  if (key.type === 'PrivateIdentifier') return `#${key.name}`
  return key.type === 'Literal' ? String(key.value) : null
}
