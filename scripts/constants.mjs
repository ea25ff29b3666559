// The bundler turns each top-level constant of a chunk into a `var`. V8 reads a `var` from memory and checks its shape at each use; a
// `const` it knows when it compiles, and with it the fields of the object that never change. The hot paths read some ten of them for an
// operation (`queue`, `PENDING`, the steps): the kernel's operations take 5 to 15 % less as constants.
import ts from 'typescript'

/** For tsup: the chunks with their constants. */
export const constants = () => ({
  name: 'constants',
  renderChunk: (code, { path }) => (path.endsWith('.js') ? { code: withConstants(code) } : undefined),
})

/**
 * Makes a `const` of each top-level `var` that is set once. An exported value is exported by a second name, because V8 reads the exports of a
 * module from memory also within the module; classes and functions are known from their calls, and some exports the chunk itself does not use. Lines stay where they are, for the source
 * map.
 *
 * @param {string} code an ES module
 */
export function withConstants(code) {
  const file = ts.createSourceFile('chunk.js', code, ts.ScriptTarget.Latest)
  const assigned = assignedNames(file)
  const values = new Set()
  const edits = []
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue
    const { declarations } = statement.declarationList
    const names = declarations.flatMap(({ name }) => boundNames(name))
    if (declarations.some(({ initializer }) => initializer === undefined) || names.some((name) => assigned.has(name))) continue
    const start = statement.getStart(file)
    if (!code.startsWith('var ', start)) continue
    edits.push({ start, end: start + 'var'.length, text: 'const' })
    if (!declarations.some(({ initializer }) => isFunction(initializer))) for (const name of names) values.add(name)
  }
  for (const statement of file.statements) if (ts.isExportDeclaration(statement)) edits.push(...exportedAgain(statement, file, values))
  return edits.reduceRight((text, { start, end, text: by }) => text.slice(0, start) + by + text.slice(end), code)
}

/** Edits of `export { queue }` that make it `const queue_out = queue; export { queue_out as queue }`. */
function exportedAgain(statement, file, values) {
  const { exportClause, moduleSpecifier } = statement
  if (moduleSpecifier !== undefined || exportClause === undefined || !ts.isNamedExports(exportClause)) return []
  const own = ({ name, propertyName }) => (propertyName ?? name).text
  const again = exportClause.elements.filter((element) => values.has(own(element)) && isUsed(own(element), file))
  if (again.length === 0) return []
  const start = statement.getStart(file)
  const copies = again.map((element) => `${own(element)}_out = ${own(element)}`).join(', ')
  const edits = again.map((element) => ({
    start: element.getStart(file),
    end: element.getEnd(),
    text: `${own(element)}_out as ${element.name.text}`,
  }))
  return [{ start, end: start, text: `const ${copies}; ` }, ...edits]
}

/** Used beside its declaration and its export. */
function isUsed(name, file) {
  let uses = 0
  const visit = (node) => {
    if (ts.isIdentifier(node) && node.text === name) uses++
    node.forEachChild(visit)
  }
  visit(file)
  return uses > 2
}

/** Each name that something assigns to, in any scope: of two variables with the same name neither becomes a constant. */
function assignedNames(file) {
  const names = new Set()
  const add = (target) => {
    if (ts.isIdentifier(target)) names.add(target.text)
    else if (ts.isObjectLiteralExpression(target) || ts.isArrayLiteralExpression(target)) target.forEachChild(addPart)
    else if (ts.isParenthesizedExpression(target)) add(target.expression)
  }
  const addPart = (part) => {
    if (ts.isPropertyAssignment(part)) addPart(part.initializer)
    else if (ts.isShorthandPropertyAssignment(part)) add(part.name)
    else if (ts.isSpreadElement(part) || ts.isSpreadAssignment(part)) add(part.expression)
    else add(ts.isBinaryExpression(part) ? part.left : part)
  }
  const visit = (node) => {
    if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) add(node.left)
    else if (isCount(node)) add(node.operand)
    else if ((ts.isForInStatement(node) || ts.isForOfStatement(node)) && !ts.isVariableDeclarationList(node.initializer))
      add(node.initializer)
    node.forEachChild(visit)
  }
  visit(file)
  return names
}

const isAssignment = (kind) => kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment

const isFunction = (value) => ts.isClassExpression(value) || ts.isFunctionExpression(value) || ts.isArrowFunction(value)

const isCount = (node) =>
  (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) &&
  (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken)

const boundNames = (name) =>
  ts.isIdentifier(name)
    ? [name.text]
    : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : boundNames(element.name)))
