/** Hooks at the tracked variables: reads, assignments, updates, patterns and the variables of loops. */
import type { Output, Rewriting } from './output.js'
import type { Places, Write } from './places.js'
import type { Binding, Scopes } from './scopes.js'
import { isLoopOverItems, namesIn, takesName, type AnyNode, type NodeOf, type Tree } from './tree.js'

export class Variables {
  private readonly _tree: Tree
  private readonly _scopes: Scopes
  private readonly _places: Places
  private readonly _out: Output
  private readonly _dependence: (write: Write) => string

  constructor({ tree, scopes, places, out, dependence }: Rewriting) {
    this._tree = tree
    this._scopes = scopes
    this._places = places
    this._out = out
    this._dependence = dependence
  }

  read(node: NodeOf<'Identifier'>): void {
    const binding = this._places.trackedAt(node)
    if (binding !== null && this._scopes.referenceOf(node)?.use === 'read') this._read(node, binding)
  }

  /** Rewrites the assignment or the update around an identifier. */
  write(node: NodeOf<'Identifier'>): void {
    const binding = this._places.trackedAt(node)
    const write = this._places.writes.get(node)
    const parent = this._tree.parentOf(node)
    if (binding === null || write === undefined) return
    if (parent.type !== 'AssignmentExpression') this._update(parent, write, binding)
    else if (parent.operator === '=') this._assign(parent, write, binding)
    else this._compound(parent, write, binding)
  }

  /** The hook of a write that has been done, by a pattern or a loop; null if the target is not tracked. */
  written(node: AnyNode): string | null {
    const binding = this._places.trackedAt(node)
    const write = this._places.writes.get(node)
    if (binding === null || write === undefined) return null
    const { hook } = this._parts(write, binding)
    return `${hook}${binding.name},null)`
  }

  /** The hooks of a loop that fills outer variables, for the start of its body. */
  loopHooks(loop: AnyNode): string {
    if (!isLoopOverItems(loop)) return ''
    const targets = loop.left.type === 'VariableDeclaration' ? loop.left.declarations.map(({ id }) => id) : [loop.left]
    const hooks = targets.flatMap(namesIn).map((name) => this.written(name))
    return hooks.flatMap((hook) => (hook === null ? [] : [`${hook};`])).join('')
  }

  /** The hook of a write up to its value, of a read, and the end of the write's hook. */
  private _parts(write: Write, binding: Binding): { hook: string; read: string; end: string } {
    const cell = this._out.cellOf(binding)
    const access = this._places.reads.get(write.node)
    return {
      hook: `${this._out.hooks}.writeVariable(${cell},${this._out.writeArguments(write)},`,
      read: access === undefined ? '' : this._out.hook('readVariable', cell, this._out.readArguments(access, 0)),
      end: `,${this._dependence(write)})`,
    }
  }

  private _read(node: NodeOf<'Identifier'>, binding: Binding): void {
    const access = this._places.reads.get(node)
    const parent = this._tree.parentOf(node)
    if (access === undefined || (parent.type === 'UnaryExpression' && parent.operator === 'delete')) return
    const hook = this._out.hook('readVariable', this._out.cellOf(binding), this._out.readArguments(access))
    if (parent.type === 'Property' && parent.shorthand) this._out.after(node.end, `:(${hook},${node.name})`)
    else this._out.around(node, `(${hook},`, ')')
  }

  private _assign(assignment: NodeOf<'AssignmentExpression'>, write: Write, binding: Binding): void {
    const { hook, end } = this._parts(write, binding)
    if (takesName(assignment.right)) this._out.around(assignment, `(${hook}${this._out.hooks}.NONE${end},`, ')')
    else this._out.around(assignment.right, hook, end)
  }

  private _compound(assignment: NodeOf<'AssignmentExpression'>, write: Write, binding: Binding): void {
    const { hook, read, end } = this._parts(write, binding)
    const { left, operator } = assignment
    const operation = operator.slice(0, -1)
    if (!isLogical(operation)) {
      this._out.token(left.end, operator, `=${hook}(${read},${binding.name})${operation}(`)
      this._out.after(assignment.end, `)${end}`)
    } else if (takesName(assignment.right)) {
      this._out.around(assignment, `((${read},${binding.name})${operation}(${hook}${this._out.hooks}.NONE${end},`, '))')
      this._out.token(left.end, operator, '=')
    } else {
      this._out.around(assignment, `((${read},${binding.name})${operation}(`, `${end}))`)
      this._out.token(left.end, operator, `=${hook}`)
    }
  }

  private _update(update: AnyNode, write: Write, binding: Binding): void {
    const { hook, read, end } = this._parts(write, binding)
    this._out.around(update, `(${read},${hook}${this._out.hooks}.NONE${end},`, ')')
  }
}

export function isLogical(operation: string): boolean {
  return operation === '??' || operation === '||' || operation === '&&'
}
