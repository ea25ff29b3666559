/**
 * The rewriting of a file: hooks at variables and members, borders of sections at waits, steps of loops, and what each unit begins with.
 *
 * Nodes are rewritten from the inside out (see `Output`). No line is added and none moves.
 */
import { Calls } from './calls.js'
import { Declarations } from './declarations.js'
import { DependenceAnalysis } from './dependence.js'
import { Members } from './members.js'
import { Output } from './output.js'
import { Places, type Write } from './places.js'
import { Scopes, type Scope, type Unit } from './scopes.js'
import type { Allowance, SiteTable } from './sites.js'
import { isFunction, isWait, type AnyNode, type FunctionNode, type NodeOf, type Tree } from './tree.js'
import { Variables } from './variables.js'

export class Rewriter {
  readonly out: Output
  private readonly _scopes: Scopes
  private readonly _places: Places
  private readonly _variables: Variables
  private readonly _members: Members
  private readonly _declarations: Declarations
  private readonly _calls: Calls

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
    this._variables = new Variables(rewriting)
    this._members = new Members(rewriting)
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
      if (node.type === 'ReturnStatement' && node.argument != null) analysis.markReturned(this._scopes.unitOf(node), node.argument)
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
    if (isWait(node)) this._wait(node)
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
        this._write(node.left)
        return this._destructuring(node.left, node.right, node)
      case 'VariableDeclarator':
        return node.init == null ? undefined : this._destructuring(node.id, node.init, null)
      case 'ForOfStatement':
      case 'ForInStatement':
        return this._loop(node)
      case 'SpreadElement':
        return this._iterate(node.argument, this._tree.parentOf(node).type === 'ObjectExpression' ? 'everything' : 'items')
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

  /** The target of an assignment, of an update or of `delete`. */
  private _write(target: AnyNode): void {
    if (target.type === 'Identifier') this._variables.write(target)
    if (target.type === 'MemberExpression') this._members.write(target)
  }

  private _wait(node: AnyNode): void {
    const unit = this._scopes.unitOf(node)
    const frame = this.out.isFramed(unit) ? this.out.frameOf(unit) : 'null'
    const site = frame === 'null' ? '' : `,${this.out.site(this._places.site(node, this._textOfWait(node), 'wait'))}`
    if (node.type === 'ForOfStatement') {
      const hook = `${this.out.hooks}.wait(0,${frame}${site});`
      this._atStart(node.body, hook)
      if (this._tree.isInList(node)) this.out.after(node.end, `;${hook}`)
    } else {
      this.out.around(node, `${this.out.hooks}.wait(`, `,${frame}${site})`)
      if (node.type === 'YieldExpression') this._calls.delegation(node)
    }
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

  private _loop(node: NodeOf<'ForOfStatement'> | NodeOf<'ForInStatement'>): void {
    const hooks = this._variables.loopHooks(node)
    if (hooks !== '') this._atStart(node.body, hooks)
    if (node.type === 'ForInStatement') return this._iterate(node.right, 'everything')
    if (node.await) return
    const unit = this._scopes.unitOf(node)
    const site = this._places.site(node.right, this._tree.textOf(node.right), 'iterate')
    const hasSteps = this._scopes.sees(node, unit) && this._tree.hasWait(node.body)
    if (!hasSteps) return this.out.around(node.right, `${this.out.hooks}.items(`, `,${this.out.site(site)})`)
    const collection = this.out.temporaryOf(unit)
    this.out.around(node.right, `${collection}=${this.out.hooks}.items(`, `,${this.out.site(site)})`)
    this._atStart(node.body, `${this.out.hook('step', collection, this.out.site(site))};`)
  }

  private _iterate(node: AnyNode, hook: 'items' | 'everything'): void {
    const site = this._places.site(node, this._tree.textOf(node), 'iterate')
    const [open, close] = node.type === 'SequenceExpression' ? ['(', ')'] : ['', '']
    this.out.around(node, `${this.out.hooks}.${hook}(${open}`, `${close},${this.out.site(site)})`)
  }

  /** What a pattern reads from the value, and, in an assignment, what it writes. */
  private _destructuring(pattern: AnyNode, value: AnyNode, assignment: AnyNode | null): void {
    if (pattern.type === 'ArrayPattern') this._iterate(value, 'items')
    else if (pattern.type === 'ObjectPattern') this._properties(pattern, value)
    else return
    if (assignment === null) return
    const hooks = targetsIn(pattern).map((target) => this._variables.written(target) ?? this._members.written(target))
    const written = hooks.flatMap((hook) => (hook === null ? [] : [`,${hook}`]))
    if (written.length > 0) this.out.around(assignment, `${this.out.hooks}.first(`, `${written.join('')})`)
  }

  private _properties(pattern: NodeOf<'ObjectPattern'>, value: AnyNode): void {
    for (const property of pattern.properties) {
      const access = this._places.reads.get(property)
      if (access === undefined || property.type !== 'Property') continue
      const key = JSON.stringify(this._tree.textOf(property.key))
      this.out.around(value, `${this.out.hooks}.read(`, `,${key},${this.out.readArguments(access)})`)
    }
    if (pattern.properties.some((property) => property.type === 'RestElement')) this._iterate(value, 'everything')
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
    if (body.type === 'BlockStatement') this.out.after(body.start + 1, hook)
    else this.out.around(body, `{${hook}`, '}')
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
