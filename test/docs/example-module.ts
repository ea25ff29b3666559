/**
 * Turns an example, which is a fragment, into a program. Its free names are imported or come from the prelude. Its statements become the
 * body of a goroutine, or of an async function if they await, and the operations they return are performed.
 *
 * A comment after a `console.log` is its output; after another statement `// → …` is its value.
 */
import * as rxjs from 'rxjs'
import ts from 'typescript'
import { exportedNames, type Example, type Names } from './doc-comments.js'
import { prelude } from './prelude.js'

export interface ExampleProgram extends Example {
  /** Lines on stdout; null if the example states none. */
  readonly expected: readonly string[] | null
  /** Free names that neither an entry point nor the prelude has. */
  readonly unknown: readonly string[]
}

/** The folders whose examples are run. */
export const floors = [
  'src/runtime/',
  'src/operators/',
  'src/adapters/broker/',
  'src/adapters/node/',
  'src/adapters/threads/',
  'src/adapters/web/',
  'src/testing/',
]

const PRELUDE = './test/docs/prelude.js'

/** The sources of free names, in order of preference. */
const known: readonly Names[] = [
  ...exportedNames(),
  { specifier: PRELUDE, values: new Set(Object.keys(prelude)), types: new Set(['Address', 'User']) },
  { specifier: 'rxjs', values: new Set(Object.keys(rxjs)), types: new Set() },
  { specifier: 'node:async_hooks', values: new Set(['AsyncLocalStorage']), types: new Set() },
]

export function programOf(example: Example): ExampleProgram {
  const { file, unresolved } = look(example.code)
  const isImport = (statement: ts.Statement): boolean => ts.isImportDeclaration(statement)
  const waits = awaits(file) ? 'await' : 'yield*'
  const perform = waits === 'await' ? 'performAsync' : 'perform'
  const expected = example.code
    .split('\n')
    .flatMap((line) => /console\.log\(.*\) \/\/ (.+)/.exec(line)?.[1] ?? /\/\/ → (.+)/.exec(line)?.[1] ?? [])

  const written = (statement: ts.Statement): string => {
    const text = statement.getText()
    const isShown = restOfLine(example.code, statement.end).startsWith(' // → ')
    if (ts.isVariableStatement(statement) && isShown)
      return `${text}; console.log(${statement.declarationList.declarations[0].name.getText()})`
    if (!ts.isExpressionStatement(statement)) return text
    const value = `${waits} ${perform}(${statement.expression.getText()})`
    return isShown ? `console.log(${value})` : value
  }

  // A room has the names of its own entries: `receiverOf` and `replay` are names in several.
  const room = /^src\/(?:adapters\/)?(\w+)\//.exec(example.place)?.[1]
  const isOwn = ({ specifier }: Names): boolean => room !== undefined && specifier.startsWith(`millrace/${room}`)
  const preferred = [...known.filter(isOwn), ...known.filter((names) => !isOwn(names))]
  const sourceOf = new Map(unresolved.map((name) => [name, preferred.find(({ values, types }) => values.has(name) || types.has(name))]))
  const namesOf = (wanted: Names): string[] => unresolved.filter((name) => sourceOf.get(name) === wanted)
  const unknown = unresolved.filter((name) => sourceOf.get(name) === undefined)
  const code = [
    `import { ${perform}, prelude, runExample } from '${PRELUDE}'`,
    ...known.flatMap((names) => importOf(names, namesOf(names))),
    ...file.statements.filter(isImport).map((statement) => statement.getText()),
    `runExample(${waits === 'await' ? 'async function' : 'function*'} example() {`,
    ...file.statements.filter((statement) => !isImport(statement)).map(written),
    '})',
  ]
  return { ...example, code: code.join('\n'), expected: expected.length === 0 ? null : expected, unknown }
}

/** Names of the prelude become variables, since examples may write to them. */
function importOf({ specifier, values }: Names, names: readonly string[]): string[] {
  const lines: string[] = []
  const [things, types] = [names.filter((name) => values.has(name)), names.filter((name) => !values.has(name))]
  if (things.length > 0)
    lines.push(specifier === PRELUDE ? `let { ${things.join(', ')} } = prelude` : `import { ${things.join(', ')} } from '${specifier}'`)
  if (types.length > 0) lines.push(`import type { ${types.join(', ')} } from '${specifier}'`)
  return lines
}

function restOfLine(text: string, from: number): string {
  return text.slice(from).split('\n', 1)[0]
}

/** Whether the statements of the example itself await, not those of its functions. */
function awaits(node: ts.Node): boolean {
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) return true
  return ts.forEachChild(node, (child) => !ts.isFunctionLike(child) && awaits(child)) === true
}

/** The syntax tree of the example and its free names, found by the type checker, which knows the scopes. */
function look(code: string): { readonly file: ts.SourceFile; readonly unresolved: readonly string[] } {
  const name = 'example.ts'
  const file = ts.createSourceFile(name, code, ts.ScriptTarget.ESNext, true)
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost({}),
    getSourceFile: (path) => (path === name ? file : undefined),
    fileExists: (path) => path === name,
  }
  const checker = ts.createProgram([name], { noLib: true, noResolve: true, types: [] }, host).getTypeChecker()
  const unresolved = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && isReference(node) && !isDeclared(node, checker) && !isOfHost(node.text)) unresolved.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return { file, unresolved: [...unresolved] }
}

function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  return !ts.isMetaProperty(parent) && !(ts.isPropertyAccessExpression(parent) && parent.name === node)
}

function isDeclared(node: ts.Identifier, checker: ts.TypeChecker): boolean {
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node)
  return symbol?.declarations !== undefined // the name of a type that it does not find has a symbol without
}

/** Names that need no import; `yield` parses as a name here. A name of the prelude (`fetch`) goes before the host's. */
function isOfHost(name: string): boolean {
  return (name in globalThis || ['undefined', 'const', 'yield', 'Record'].includes(name)) && !(name in prelude)
}
