/** The flow of a program: tests that decide for a statement, functions that go on for the code around them, results. */
import type { Expression } from 'acorn'
import { accessFlags } from './sites.js'
import { isFunction, isWait, startsUnit, wholeOf, type AnyNode, type FunctionNode, type NodeOf, type Tree } from './tree.js'

/** The tests in `parent` that decide whether `child` runs. */
export function testsBefore(parent: AnyNode, child: AnyNode): AnyNode[] {
  switch (parent.type) {
    case 'IfStatement':
    case 'ConditionalExpression':
      return child === parent.test ? [] : [parent.test]
    case 'WhileStatement':
      return child === parent.body ? [parent.test] : []
    case 'ForStatement':
      return child === parent.body && parent.test != null ? [parent.test] : []
    case 'LogicalExpression':
      return child === parent.right ? [parent.left] : []
    case 'SwitchStatement':
      return child === parent.discriminant ? [] : [parent.discriminant]
    case 'BlockStatement':
    case 'Program':
    case 'StaticBlock':
      return testsThatLeave(
        parent.body.slice(
          0,
          parent.body.findIndex((statement) => statement === child),
        ),
      )
    case 'TryStatement':
      return child === parent.handler ? testsThatLeave(parent.block.body) : [] // by a throw
    default:
      return []
  }
}

/**
 * Whether a function is called where it stands, or goes on for the code around it: `(async () => { … })()`, `load().then(() => { … })`,
 * `new Promise((resolve) => { … })`. A test that decides for that code decides for the function too.
 */
export function isContinuation(tree: Tree, node: AnyNode): boolean {
  if (!isFunction(node)) return false
  const child = wholeOf(tree, node)
  const parent = tree.parentOf(child)
  if (parent.type === 'NewExpression') return parent.callee.type === 'Identifier' && parent.callee.name === 'Promise'
  if (parent.type !== 'CallExpression') return false
  if (parent.callee === child) return true
  const { callee } = parent
  return callee.type === 'MemberExpression' && callee.property.type === 'Identifier' && /^(then|catch|finally)$/.test(callee.property.name)
}

/** The promise whose value a function takes as its parameter: `promise.then((value) => { … })`. */
export function promiseOf(tree: Tree, node: FunctionNode): AnyNode | null {
  const reaction = wholeOf(tree, node)
  const call = tree.parentOf(reaction)
  if (call.type !== 'CallExpression' || call.arguments[0] !== reaction || call.callee.type !== 'MemberExpression') return null
  const { object, property } = call.callee
  return property.type === 'Identifier' && property.name === 'then' ? object : null
}

function testsThatLeave(statements: readonly AnyNode[]): AnyNode[] {
  return statements.flatMap((statement) => {
    if (statement.type === 'IfStatement') return leaves(statement.consequent) ? [statement.test] : []
    return (statement.type === 'WhileStatement' || statement.type === 'DoWhileStatement') && onlyWaits(statement.body)
      ? [statement.test]
      : []
  })
}

/** The body of a loop that polls: `while (active > 1) await pause()`. */
function onlyWaits(node: AnyNode): boolean {
  if (node.type === 'BlockStatement') return node.body.length > 0 && node.body.every(onlyWaits)
  return node.type === 'ExpressionStatement' && isWait(node.expression)
}

function leaves(node: AnyNode): boolean {
  if (node.type === 'BlockStatement') {
    const last = node.body.at(-1)
    return last !== undefined && leaves(last)
  }
  return /^(Return|Throw|Continue|Break)Statement$/.test(node.type)
}

/** A branch that does nothing but throw. */
function onlyThrows(node: AnyNode): boolean {
  return (
    node.type === 'ThrowStatement' || (node.type === 'BlockStatement' && node.body.length === 1 && node.body[0]?.type === 'ThrowStatement')
  )
}

/** The values that the code before a `catch` throws where it stands. */
export function thrownIn(tree: Tree, clause: AnyNode): AnyNode[] {
  const statement = tree.parentOf(clause)
  const values: AnyNode[] = []
  if (statement.type !== 'TryStatement') return values
  tree.walk(statement.block, (node) => {
    if (startsUnit(node)) return false
    if (node.type === 'ThrowStatement') values.push(node.argument)
    return undefined
  })
  return values
}

/** The values that a function returns or, as a generator, yields. */
export function returnedBy(tree: Tree, { body }: FunctionNode): AnyNode[] {
  if (body.type !== 'BlockStatement') return [body]
  const values: AnyNode[] = []
  tree.walk(body, (node) => {
    if (startsUnit(node)) return false
    if (isResult(node)) values.push(node.argument)
    return undefined
  })
  return values
}

/** `return value`, and `yield value`, whose caller has the value as that of a result. */
export function isResult(node: AnyNode): node is (NodeOf<'ReturnStatement'> | NodeOf<'YieldExpression'>) & { argument: Expression } {
  if (node.type === 'YieldExpression') return !node.delegate && node.argument != null
  return node.type === 'ReturnStatement' && node.argument != null
}

/** A test whether there is a member to take, of an expression that takes it: `idle.length > 0 ? idle.pop() : make()`. */
export function asksForTake(tree: Tree, test: AnyNode): boolean {
  return branchesOf(tree.parentOf(test), test).some((branch) => {
    const [, list] = /^(.+)\.(?:pop|shift)\(\)$/.exec(tree.textOf(branch)) ?? []
    return list !== undefined && tree.textOf(test).startsWith(`${list}.length`)
  })
}

/** The meaning of an expression by the outcome of its test. */
function branchesOf(expression: AnyNode, test: AnyNode): AnyNode[] {
  if (expression.type === 'ConditionalExpression') return expression.test === test ? [expression.consequent, expression.alternate] : []
  return expression.type === 'LogicalExpression' && expression.left === test ? [expression.right] : []
}

/** A read in a test is a guard, unless what follows is a throw: an assertion is not prepared for the other outcome. */
export function guardFlags(tree: Tree, node: AnyNode): number {
  let child = node
  const called = tree.parentOf(node)
  if (called.type === 'CallExpression' && called.callee === node) child = called
  for (let parent = tree.parentOf(child); ; child = parent, parent = tree.parentOf(parent)) {
    if (parent.type === 'IfStatement') return parent.test === child && !onlyThrows(parent.consequent) ? accessFlags.guard : 0
    if (parent.type === 'WhileStatement' || parent.type === 'DoWhileStatement' || parent.type === 'ForStatement')
      return parent.test === child ? accessFlags.guard : 0
    if (parent.type === 'ConditionalExpression' && parent.test === child) return accessFlags.guard
    if (parent.type === 'LogicalExpression' && parent.left === child) return accessFlags.guard
    if (isFunction(parent) || endsSearch.test(parent.type)) return 0
  }
}

export function updateFlags(tree: Tree, node: AnyNode): number {
  const update = tree.parentOf(node)
  if (update.type !== 'UpdateExpression') return 0
  const parent = tree.parentOf(update)
  if (parent.type === 'ForStatement' && parent.update === update) return accessFlags.update | accessFlags.loop
  return guardFlags(tree, update) === 0 ? accessFlags.update : accessFlags.update | accessFlags.tested
}

/** Of a call, by its callee: `list.splice(0)` as a statement. */
export function droppedFlags(tree: Tree, callee: AnyNode): number {
  const call = tree.parentOf(callee)
  if (call.type !== 'CallExpression' || call.arguments.length !== 1 || tree.parentOf(call).type !== 'ExpressionStatement') return 0
  return callee.type === 'MemberExpression' && tree.textOf(callee.property) === 'splice' ? accessFlags.dropped : 0
}

const endsSearch =
  /Statement$|Declaration$|^Program$|^CallExpression$|^AssignmentExpression$|^AwaitExpression$|^YieldExpression$|^PropertyDefinition$|^StaticBlock$/
