/**
 * The rewriting of a file: hooks at variables and members, borders of sections at waits, steps of loops, and what each unit begins with.
 *
 * Nodes are rewritten from the inside out (see `Output`). No line is added and none moves.
 */
import { Calls } from './calls.js'
import { Declarations } from './declarations.js'
import { DependenceAnalysis } from './dependence.js'
import { Destructuring } from './destructuring.js'
import { isResult } from './flow.js'
import { Members } from './members.js'
import { Output } from './output.js'
import { Places, type Write } from './places.js'
import { Replacements } from './replacements.js'
import { Scopes, type Scope, type Unit } from './scopes.js'
import type { Allowance, SiteTable } from './sites.js'
import { isFunction, type AnyNode, type FunctionNode, type NodeOf, type Tree } from './tree.js'
import { Variables } from './variables.js'

export class Rewriter {
  readonly out: Output
  private readonly _scopes: Scopes
  private readonly _places: Places
  private readonly _variables: Variables
  private readonly _members: Members
  private readonly _declarations: Declarations
  private readonly _calls: Calls
  private readonly _destructuring: Destructuring
  private readonly _replacements: Replacements

  constructor(
    private readonly _tree: Tree,
    readonly table: SiteTable,
    private readonly _allowances: readonly Allowance[],
  ) {
    this.out = new Output(_tree)
    this._scopes = new Scopes(_tree)
    this._places = new Places(_tree, this._scopes, this.table)
    const analysis = new DependenceAnalysis(_tree, this._scopes, this._places)
    this._markReturned(analysis)
    const rewriting = { tree: _tree, scopes: this._scopes, places: this._places, out: this.out, dependence: this._dependences(analysis) }
    this._calls = new Calls(rewriting, analysis)
    this._replacements = new Replacements(rewriting, analysis)
    this._variables = new Variables(rewriting)
    this._members = new Members(rewriting)
    this._destructuring = new Destructuring(rewriting, this._variables, this._members)
    const lines = new Set(_allowances.flatMap(([, why, about]) => (why === '' ? [] : [about])))
    this._declarations = new Declarations(rewriting, table, lines)
    for (const { isSource, node, unit } of [...this._places.reads.values(), ...this._places.others.values()])
      if (isSource && node !== unit.node) this.out.frameOf(unit)
    for (const unit of this._scopes.units) if (unit.suspends && unit.hasWait && this._isSeen(unit.node)) this.out.frameOf(unit)
    this._rewrite(_tree.root)
  }

  /** What the module begins with, on one line. */
  moduleHead(file: string, source: string): string {
    const { hooks } = this.out
    const head = this._head(this._scopes.unitOf(this._tree.root)) // it may add a site
    const allowed = this._allowances.length === 0 ? '' : `,${JSON.stringify(this._allowances)}`
    return `${source}var ${hooks}0=${hooks}.module(${JSON.stringify(file)},${JSON.stringify(this.table.sites)}${allowed});${head}`
  }

  /** All are known before the first is written: a read leaves a mark if any write depends on it. */
  private _dependences(analysis: DependenceAnalysis): (write: Write) => string {
    const sources = new Map([...this._places.writes.values()].map((write) => [write, analysis.sourcesOf(write)]))
    return (write) => this.out.dependence(sources.get(write))
  }

  private _markReturned(analysis: DependenceAnalysis): void {
    this._tree.walk(this._tree.root, (node) => {
      if (!this._isSeen(node)) return false
      if (isResult(node)) analysis.markReturned(this._scopes.unitOf(node), node.argument)
      if (node.type === 'ArrowFunctionExpression' && node.body.type !== 'BlockStatement')
        analysis.markReturned(this._scopes.unitOf(node.body), node.body)
      return undefined
    })
  }

  private _isSeen(node: AnyNode): boolean {
    return !this._scopes.scopeOf(node).isDynamic
  }

  private _rewrite(node: AnyNode): void {
    if (!this._isSeen(node)) return
    for (const child of this._tree.childrenOf(node)) this._rewrite(child)
    if (node.type === 'AwaitExpression' || node.type === 'YieldExpression') this._wait(node)
    if (isFunction(node)) this._function(node)
    this._declarations.rewrite(node)
    switch (node.type) {
      case 'CallExpression':
        return this._call(node)
      case 'ReturnStatement':
        return this._calls.result(node)
      case 'Identifier':
        return this._variables.read(node)
      case 'MemberExpression':
        return this._member(node)
      case 'UnaryExpression':
      case 'UpdateExpression':
        return this._write(node.argument)
      case 'AssignmentExpression':
        return this._assignment(node)
      case 'VariableDeclarator':
        return this._destructuring.value(node.id)
      case 'ForOfStatement':
      case 'ForInStatement':
        return this._loop(node)
      case 'SpreadElement':
        return this._spread(node)
      case 'TryStatement':
        return this._try(node)
      case 'StaticBlock':
        return this.out.after(this._tree.tokenAt(node.start + 'static'.length) + 1, this._head(this._scopes.unitOf(node.body[0] ?? node)))
      case 'BlockStatement':
        return this._block(node)
      case 'ExpressionStatement': // a hook may begin with a parenthesis, and would call what stands before
        if (this._tree.isInList(node) && node.directive === undefined) this.out.before(node.start, ';')
        return
      default:
    }
  }

  private _call(node: NodeOf<'CallExpression'>): void {
    this._members.assigned(node)
    this._calls.rewrite(node)
  }

  private _member(node: NodeOf<'MemberExpression'>): void {
    this._members.read(node)
    this._calls.getter(node)
  }

  private _assignment(node: NodeOf<'AssignmentExpression'>): void {
    this._replacements.rewrite(node)
    this._write(node.left)
    this._destructuring.assignment(node)
  }

  /** The target of an assignment, of an update or of `delete`. */
  private _write(target: AnyNode): void {
    if (target.type === 'Identifier') this._variables.write(target)
    if (target.type === 'MemberExpression') this._members.write(target)
  }

  private _wait(node: NodeOf<'AwaitExpression'> | NodeOf<'YieldExpression'>): void {
    if (node.type === 'YieldExpression') this._calls.result(node)
    this.out.around(node, `${this.out.hooks}.wait(`, `,${this._waitArguments(node)})`)
    if (node.type === 'YieldExpression') this._calls.delegation(node)
  }

  private _waitArguments(node: AnyNode): string {
    const unit = this._scopes.unitOf(node)
    if (!this.out.isFramed(unit)) return 'null'
    return `${this.out.frameOf(unit)},${this.out.site(this._places.site(node, this._textOfWait(node), 'wait'))}`
  }

  private _textOfWait(node: AnyNode): string {
    return this._tree.code.slice(node.start, node.type === 'ForOfStatement' ? node.body.start : node.end)
  }

  /** A wait that fails does not get to its hook: the section begins where the failure is handled. */
  private _try(node: NodeOf<'TryStatement'>): void {
    const hook = () => {
      const unit = this._scopes.unitOf(node)
      return `${this.out.hook('resume', this.out.isFramed(unit) ? this.out.frameOf(unit) : 'null')};`
    }
    const waits = this._tree.hasWait(node.block)
    if (waits && node.handler != null) this._atStart(node.handler.body, hook())
    if (node.finalizer != null && (waits || (node.handler != null && this._tree.hasWait(node.handler))))
      this._atStart(node.finalizer, hook())
  }

  /** The wait of a loop that waits for its items stands before all else in its body. */
  private _loop(node: NodeOf<'ForOfStatement'> | NodeOf<'ForInStatement'>): void {
    const targets = this._variables.loopHooks(node)
    if (node.type === 'ForInStatement') {
      this._atStart(node.body, targets)
      return this._destructuring.iterate(node.right, 'everything')
    }
    const wait = node.await ? `${this.out.hook('wait', '0', this._waitArguments(node))};` : ''
    const hooks = targets + this._calls.item(node) + (node.await ? '' : this._steps(node))
    this._atStart(node.body, this._destructuring.items(node, wait) ? hooks : wait + hooks)
    if (node.await && this._tree.isInList(node)) this.out.after(node.end, `;${wait}`)
  }

  /** The hook for the steps of a loop whose body waits. */
  private _steps(node: NodeOf<'ForOfStatement'>): string {
    const unit = this._scopes.unitOf(node)
    const site = this.out.site(this._places.site(node.right, this._tree.textOf(node.right), 'iterate'))
    const hasSteps = this._scopes.sees(node, unit) && this._tree.hasWait(node.body)
    const collection = hasSteps ? this.out.temporaryOf(unit) : ''
    this.out.around(node.right, `${hasSteps ? `${collection}=` : ''}${this.out.hooks}.items(`, `,${site})`)
    return hasSteps ? `${this.out.hook('step', collection, site)};` : ''
  }

  private _spread(node: NodeOf<'SpreadElement'>): void {
    const access = this._places.reads.get(node)
    if (access === undefined) return this._destructuring.iterate(node.argument, 'items')
    this.out.around(node.argument, `${this.out.hooks}.everything(`, `,${this.out.readArguments(access)})`)
  }

  private _block(node: NodeOf<'BlockStatement'>): void {
    const parent = this._tree.parentOf(node)
    if (isFunction(parent)) return
    const [first] = node.body
    const scopes = first === undefined ? [] : [this._scopes.scopeOf(first)]
    if (parent.type === 'CatchClause' && parent.param != null) scopes.push(this._scopes.scopeOf(parent.param))
    this.out.after(node.start + 1, this._cells(scopes))
  }

  private _function(node: FunctionNode): void {
    const { body } = node
    this._destructuring.parameters(node)
    if (body.type !== 'BlockStatement') {
      const head = this._head(this._scopes.unitOf(body))
      if (head !== '') this.out.around(body, `{${head}return `, '}')
      return
    }
    const first = body.body[0]
    if (first === undefined) return
    const directives = body.body.filter((statement) => statement.type === 'ExpressionStatement' && statement.directive !== undefined)
    const head = this._head(this._scopes.unitOf(first))
    if (head !== '') this.out.after(directives.at(-1)?.end ?? body.start + 1, directives.length > 0 ? `;${head}` : head)
  }

  /** What a unit begins with: its cells, its frame, its temporaries. Those of a module are hoisted: its functions may run before it. */
  private _head(unit: Unit): string {
    const scopes = unit.body === null ? [] : [unit.body]
    if (unit.body?.parent?.unit === unit) scopes.push(unit.body.parent) // the parameters
    const keyword = unit.node.type === 'Program' ? 'var' : 'let'
    const cells = this._cells(scopes, keyword)
    const temporaries = this.out.temporariesOf(unit)
    let declared = temporaries.length > 0 ? `${keyword} ${temporaries.join(',')};` : ''
    if (this.out.isReceiving(unit)) {
      const { site } = this._places.parametersOf(unit)
      declared = `${keyword} ${this.out.passedTo(unit)}=${this.out.hook('passed', this.out.site(site))};${declared}`
    }
    declared += this._destructuring.head(unit)
    if (!this.out.isFramed(unit)) return cells + declared
    const site = this._places.site(unit.node, unit.name, 'function')
    return `${cells}${keyword} ${this.out.frameOf(unit)}=${this.out.hook('frame', this.out.site(site), String(unit.suspends))};${declared}`
  }

  private _cells(scopes: readonly Scope[], keyword = 'let'): string {
    return [...this.out.cells()]
      .filter(([binding]) => scopes.includes(binding.scope))
      .map(([binding, cell]) => `${keyword} ${cell}=${this._declarations.cell(binding)};`)
      .join('')
  }

  /** A hook at the start of the body of a loop or a block. */
  private _atStart(body: AnyNode, hook: string): void {
    if (hook === '') return
    if (body.type === 'BlockStatement') this.out.after(body.start + 1, hook)
    else this.out.around(body, `{${hook}`, '}')
  }
}
