/**
 * Hooks at properties, elements and methods of collections.
 *
 * The access itself stays in the source as it is: its order of evaluation, its errors and its inline caches too. Where a hook needs the
 * object or the key a second time, these are constants of the source or come through a temporary of the activation.
 */
import type { Output, Rewriting } from './output.js'
import type { Access, Places, Write } from './places.js'
import type { Scopes } from './scopes.js'
import { bare, type AnyNode, type NodeOf, type Tree } from './tree.js'
import { isLogical } from './variables.js'

type Member = NodeOf<'MemberExpression'>

/** What stands for a part of an access when it is needed again. */
interface Again {
  readonly text: string
  readonly isTemporary: boolean
}

export class Members {
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

  /** Rewrites a read, or a call with the callee. */
  read(node: Member): void {
    if (!this._places.isSeen(node)) return
    const access = this._places.reads.get(node)
    const parent = this._tree.parentOf(node)
    const method = this._places.methodOf(node)
    if (method !== null && parent.type === 'CallExpression') return this._call(node, parent, method)
    if (access === undefined) return
    const use = this._places.useOf(node)
    if (use === 'read') this._read(node, access)
    else if (use === 'call') this._callee(node, access)
  }

  /** Rewrites the assignment, the update or the `delete` around a member. */
  write(node: Member): void {
    const access = this._places.reads.get(node)
    const write = this._places.writes.get(node)
    const parent = this._tree.parentOf(node)
    if (write === undefined || !this._canRepeat(node)) return
    if (parent.type === 'UnaryExpression') return this._delete(node, parent, write)
    if (parent.type === 'AssignmentExpression' && parent.operator === '=') return this._assign(node, parent, write)
    if (access === undefined) return
    if (parent.type === 'AssignmentExpression') this._compound(node, parent, { access, write })
    else this._update(node, parent, { access, write })
  }

  /** The hook of a write that a pattern has done; null where the target cannot be named again. */
  written(node: AnyNode): string | null {
    const write = this._places.writes.get(node)
    if (node.type !== 'MemberExpression' || write === undefined) return null
    const object = this._constant(node.object)
    const key = node.computed ? this._constant(node.property) : this._keyText(node)
    if (object === null || key === null) return null
    const hook = node.computed ? 'writeElement' : 'write'
    return this._out.hook(hook, object, key, this._out.writeArguments(write), `${this._out.hooks}.NONE`, 'null')
  }

  /** The writes that a call of `Object.assign` has done. */
  assigned(call: NodeOf<'CallExpression'>): void {
    const target = this._places.targetOf(call)
    if (target === null) return
    const literals = call.arguments.slice(1).flatMap((one) => (one.type === 'ObjectExpression' ? one.properties : []))
    const writes = literals.flatMap((property) => this._places.writes.get(property) ?? [])
    if (writes.length === 0 || (this._constant(target) === null && !this._scopes.sees(call, this._scopes.unitOf(call)))) return
    const object = this._again(target)
    const hooks = writes.map((write) => {
      const key = write.node.type === 'Property' ? JSON.stringify(this._tree.textOf(write.node.key)) : '""'
      return this._out.hook('write', object.text, key, this._out.writeArguments(write), `${this._out.hooks}.NONE`, this._dependence(write))
    })
    this._out.around(call, `${this._out.hooks}.first(`, `,${hooks.join(',')})`)
  }

  private _read(node: Member, access: Access): void {
    if (!node.computed) return this._hookObject(node, 'read', access)
    if (node.optional) return this._elementKey(node, access)
    this._isolate(node.property)
    this._out.before(node.start, `${this._out.hooks}.element(`)
    this._out.token(node.object.end, '[', ',')
    this._out.token(node.property.end, ']', `,${this._out.readArguments(access)})`)
  }

  private _callee(node: Member, access: Access): void {
    if (!node.computed) this._hookObject(node, 'method', access)
    else this._elementKey(node, access)
  }

  private _hookObject(node: Member, hook: string, access: Access): void {
    this._out.before(node.start, `${this._out.hooks}.${hook}(`)
    this._out.after(node.object.end, `,${this._keyText(node)},${this._out.readArguments(access)})`)
  }

  private _elementKey(node: Member, access: Access): void {
    if (!this._canRepeat(node)) return
    const object = this._again(node.object)
    this._isolate(node.property)
    this._out.around(node.property, `${this._out.hooks}.elementKey(${object.text},`, `,${this._out.readArguments(access)})`)
  }

  private _call(node: Member, call: NodeOf<'CallExpression'>, method: string): void {
    if (!this._canRepeat(node)) return
    const access = this._places.reads.get(node)
    const write = this._places.writes.get(node)
    const object = this._again(node.object)
    const { hooks } = this._out
    const key = object.isTemporary ? `(${object.text}=void 0,"${method}")` : `"${method}"`
    const site = write?.site ?? access?.site ?? 0
    const read =
      access === undefined
        ? `${write?.flags ?? 0},null,-1`
        : `${this._out.flagsOf(access)},${this._out.frameFor(access)},${this._out.site(access.site)}`
    const dependence = write === undefined ? 'null' : this._dependence(write)
    const open = call.optional ? this._tree.tokenAt(node.end) + 2 : node.end
    this._out.token(open, '(', `(...${hooks}.call(${object.text},${key},${this._out.site(site)},${read},${dependence},[`)
    this._out.token(call.end - 1, ')', ']))')
  }

  private _assign(node: Member, { right }: NodeOf<'AssignmentExpression'>, write: Write): void {
    const object = this._again(node.object)
    const end = `,${this._dependence(write)})`
    if (node.computed) {
      const key = this._again(node.property)
      const hook = `${this._out.hooks}.writeElement(${object.text},${key.text},${this._out.writeArguments(write)},`
      return this._out.around(right, hook, end)
    }
    const key = object.isTemporary ? `(${object.text}=void 0,${this._keyText(node)})` : this._keyText(node)
    this._out.around(right, `${this._out.hooks}.write(${object.text},${key},${this._out.writeArguments(write)},`, end)
  }

  private _compound(node: Member, assignment: NodeOf<'AssignmentExpression'>, { access, write }: { access: Access; write: Write }): void {
    const { operator } = assignment
    const operation = operator.slice(0, -1)
    if (isLogical(operation)) return this._logical(node, assignment, { access, write })
    const object = this._again(node.object)
    const { hooks } = this._out
    const site = this._out.writeArguments(write)
    const read = this._out.readArguments(access, 0)
    if (node.computed) {
      const key = this._again(node.property)
      const value = `${hooks}.element(${object.text},${key.text},${read})`
      this._out.token(node.end, operator, `=${hooks}.writeElement(${object.text},${key.text},${site},${value}${operation}(`)
    } else {
      const value = `${hooks}.read(${object.text},${this._keyText(node)},${read}).${this._propertyText(node)}`
      this._out.token(node.end, operator, `=${hooks}.write(${object.text},${this._keyText(node)},${site},${value}${operation}(`)
    }
    this._out.after(assignment.end, `),${this._dependence(write)})`)
  }

  /** `a.b ??= c`: the access of the source is the read, and the write comes after the operator. */
  private _logical(node: Member, assignment: NodeOf<'AssignmentExpression'>, { access, write }: { access: Access; write: Write }): void {
    const { operator } = assignment
    const operation = operator.slice(0, -1)
    const unit = this._scopes.unitOf(node)
    const object = this._out.temporaryOf(unit)
    const { hooks } = this._out
    const read = this._out.readArguments(access)
    const site = this._out.writeArguments(write)
    if (node.computed) {
      const key = this._out.temporaryOf(unit)
      this._isolate(node.object)
      this._isolate(node.property)
      this._out.before(assignment.start, `(${hooks}.element(${object}=`)
      this._out.token(node.object.end, '[', `,${key}=`)
      this._out.token(node.property.end, ']', `,${read})`)
      this._out.token(node.end, operator, `${operation}(${object}[${key}]=${hooks}.writeElement(${object},${key},${site},`)
    } else {
      const key = this._keyText(node)
      this._isolate(node.object)
      this._out.before(assignment.start, `(${hooks}.read(${object}=`)
      this._out.after(node.object.end, `,${key},${read})`)
      this._out.token(node.end, operator, `${operation}(${object}.${this._propertyText(node)}=${hooks}.write(${object},${key},${site},`)
    }
    this._out.after(assignment.end, `,${this._dependence(write)})))`)
  }

  private _update(node: Member, update: AnyNode, { access, write }: { access: Access; write: Write }): void {
    const object = this._again(node.object)
    const key = node.computed ? this._again(node.property).text : this._keyText(node)
    const sites = `${this._out.site(access.site)},${this._out.writeArguments(write)},${this._dependence(write)},${this._out.frameFor(access)}`
    this._out.around(update, `${this._out.hooks}.first(`, `,${this._out.hook('update', object.text, key, sites)})`)
  }

  private _delete(node: Member, expression: AnyNode, write: Write): void {
    if (node.optional) return
    const object = this._again(node.object)
    const key = node.computed ? this._again(node.property).text : this._keyText(node)
    this._out.around(expression, `${this._out.hooks}.first(`, `,${this._out.hook('remove', object.text, key, this._out.site(write.site))})`)
  }

  /** Whether the object and the key can be used twice where a node stands: by constants, or by temporaries of the unit. */
  private _canRepeat(node: Member): boolean {
    if (this._scopes.sees(node, this._scopes.unitOf(node))) return true
    return this._constant(node.object) !== null && (!node.computed || this._constant(node.property) !== null)
  }

  /** What stands for an expression when it is needed again: its text, or a temporary that the expression fills. */
  private _again(node: AnyNode): Again {
    const constant = this._constant(node)
    if (constant !== null) return { text: constant, isTemporary: false }
    const text = this._out.temporaryOf(this._scopes.unitOf(node))
    this._isolate(node)
    this._out.around(node, `(${text}=`, ')')
    return { text, isTemporary: true }
  }

  /** The text of an expression that is the same whenever it is evaluated, and free of effects. */
  private _constant(node: AnyNode): string | null {
    const value = bare(node)
    if (value.type === 'ThisExpression' || value.type === 'Literal') return this._tree.textOf(value)
    const binding = value.type === 'Identifier' ? this._scopes.referenceOf(value)?.binding : undefined
    return binding !== undefined && binding.assignments === 0 ? binding.name : null
  }

  /** An expression with a comma needs parentheses among arguments; a function without a name would get that of the temporary. */
  private _isolate(node: AnyNode): void {
    if (node.type === 'SequenceExpression') this._out.around(node, '(', ')')
    else if (isUnnamed(bare(node))) this._out.around(node, '(0,', ')')
  }

  private _keyText(node: Member): string {
    return JSON.stringify(this._propertyText(node))
  }

  private _propertyText({ property }: Member): string {
    if (property.type === 'PrivateIdentifier') return `#${property.name}`
    return property.type === 'Identifier' ? property.name : this._tree.textOf(property)
  }
}

const isUnnamed = (node: AnyNode): boolean =>
  node.type === 'ArrowFunctionExpression' || ((node.type === 'FunctionExpression' || node.type === 'ClassExpression') && !node.id)
