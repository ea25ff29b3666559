/**
 * Hooks at calls: where a task starts, parameters that were read before a wait, and results that a write goes by.
 *
 * All of them stand around the last parameter, so they come after the evaluation of the others and directly before the call.
 */
import type { DependenceAnalysis, Sources } from './dependence.js'
import { isResult } from './flow.js'
import type { Output, Rewriting } from './output.js'
import type { Places } from './places.js'
import type { Scopes } from './scopes.js'
import { bare, isFunction, isWait, type AnyNode, type NodeOf, type Tree } from './tree.js'

export class Calls {
  private readonly _tree: Tree
  private readonly _scopes: Scopes
  private readonly _places: Places
  private readonly _out: Output
  private readonly _passed = new Map<AnyNode, Sources>()

  constructor({ tree, scopes, places, out }: Rewriting, analysis: DependenceAnalysis) {
    this._tree = tree
    this._scopes = scopes
    this._places = places
    this._out = out
    tree.walk(tree.root, (node) => {
      if (scopes.scopeOf(node).isDynamic) return false
      const passed = node.type === 'CallExpression' ? analysis.passedBy(node) : null
      if (passed !== null) this._passed.set(node, passed)
      return undefined
    })
  }

  rewrite(node: NodeOf<'CallExpression'>): void {
    this._announce(node)
    const call = this._places.others.get(node)
    if (call === undefined) return
    const passed = this._passed.get(node)
    if (passed !== undefined) this._before(node, 'passes', `${this._out.site(call.site)},${this._out.dependence(passed)}`)
    if (!call.isSource) {
      if (passed !== undefined) this._out.around(node, `${this._out.hooks}.passedTo(`, ')')
      return
    }
    const frame = `${this._out.frameFor(call)},${this._out.site(call.site)}`
    this._before(node, 'asks', `${frame},${this._out.flagsOf(call)}`)
    this._out.around(node, `${this._out.hooks}.took(`, `,${frame})`)
  }

  /** A property with the name of a getter of the file. */
  getter(node: NodeOf<'MemberExpression'>): void {
    const call = this._places.others.get(node)
    if (call?.isSource !== true) return
    const frame = `${this._out.frameFor(call)},${this._out.site(call.site)}`
    const asks = this._out.hook('asks', '0', frame, this._out.flagsOf(call))
    this._out.around(node, `${this._out.hooks}.took((${asks},`, `),${frame})`)
  }

  /**
   * A generator says when it returns or yields a value of its reads: where `yield*` or the loop goes on, the value does not tell the
   * generator. An async one yields to a later section.
   */
  result(node: AnyNode): void {
    if (!isResult(node)) return
    const { argument } = node
    const unit = this._scopes.unitOf(argument)
    const { node: owner } = unit
    if (!isFunction(owner) || !owner.generator || !this._out.isFramed(unit)) return
    if (node.type === 'YieldExpression' && owner.async) return
    const [open, close] = argument.type === 'SequenceExpression' ? ['(', ')'] : ['', '']
    this._out.around(argument, `${this._out.hooks}.returns(${open}`, `${close},${this._out.frameOf(unit)})`)
  }

  /** `for (const x of generator())`: the hook for the start of the body; empty where no write goes by the items. */
  item({ right, await: isAsync }: NodeOf<'ForOfStatement'>): string {
    const call = isAsync ? undefined : this._places.others.get(bare(right))
    if (call?.isSource !== true) return ''
    return `${this._out.hook('delegated', '0', this._out.frameFor(call), this._out.site(call.site))};`
  }

  /** `yield* helper()` */
  delegation(node: NodeOf<'YieldExpression'>): void {
    const call = node.delegate && node.argument != null ? this._places.others.get(bare(node.argument)) : undefined
    if (call?.isSource !== true) return
    this._out.around(node, `${this._out.hooks}.delegated(`, `,${this._out.frameFor(call)},${this._out.site(call.site)})`)
  }

  /** A call that is waited for, or starts a goroutine, is announced when its parameters are evaluated, if it can be. */
  private _announce(node: NodeOf<'CallExpression'>): void {
    const name = this._places.nameOfCall(node)
    if (name === null || !(name.name === 'go' || isWait(outside(this._tree, node)))) return
    if (node.arguments.at(-1)?.type === 'SpreadElement') return
    this._before(node, 'calls', this._out.site(this._places.site(name, name.name, 'call')))
  }

  private _before(node: NodeOf<'CallExpression'>, hook: string, parameters: string): void {
    const last = node.arguments.at(-1)
    if (last === undefined || last.type === 'SpreadElement') this._out.around(node, `(${this._out.hook(hook, '0', parameters)},`, ')')
    else this._out.around(last, `${this._out.hooks}.${hook}(`, `,${parameters})`)
  }
}

/** The first node around another that is no parenthesis. */
function outside(tree: Tree, node: AnyNode): AnyNode {
  const parent = tree.parentOf(node)
  return parent.type === 'ParenthesizedExpression' ? outside(tree, parent) : parent
}
