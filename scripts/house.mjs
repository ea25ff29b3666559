// How the house stands: files and doors for each room, the files behind one function, casts, module-level mutable cells, and how doc comments
// are worded. `node scripts/house.mjs [folder]` prints the tables for this checkout or another; with --check it fails above a limit.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const args = process.argv.slice(2)
const root = resolve(args.find((arg) => !arg.startsWith('--')) ?? fileURLToPath(new URL('..', import.meta.url)))
const isCheck = args.includes('--check')

/** The function, the folder whose files count, and how many of them a reader may need. */
const subjects = [
  ['workerPool', 'operators', 9],
  ['batch', 'operators', 7],
  ['fromReceiver', 'operators', 5],
  ['mutex', 'runtime', Infinity],
]
/** Words for each 1,000 words of doc comments. */
const wording = { one: 5, what: 2, it: 12 }

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => read(join('src', name)))
const byPath = new Map(files.map((file) => [file.path, file]))
const failures = []

printRooms()
printSubjects()
printCode()
printWording()
if (isCheck && failures.length > 0) {
  for (const failure of failures) console.error(failure)
  process.exit(1)
}

function read(path) {
  const text = readFileSync(join(root, path), 'utf8')
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  return { path, text, source, room: roomOf(path), lines: text.split('\n').length - 1, imports: importsOf(source, path) }
}

function roomOf(path) {
  return dirname(path).split('/').slice(1).join('/')
}

/** The files of this checkout that a file imports or re-exports, with the names it takes from each. */
function importsOf(source, path) {
  return source.statements.flatMap((statement) => {
    const specifier = statement.moduleSpecifier?.text
    if (specifier === undefined || !specifier.startsWith('.')) return []
    const bindings = statement.importClause?.namedBindings ?? statement.exportClause
    const names = bindings?.elements?.map((element) => (element.propertyName ?? element.name).text) ?? ['*']
    return [{ path: relative('.', join(dirname(path), specifier)).replace(/\.js$/, '.ts'), names }]
  })
}

function printRooms() {
  const rooms = new Map()
  const roomNamed = (name) => {
    if (!rooms.has(name)) rooms.set(name, { files: 0, lines: 0, longest: 0, doors: new Set() })
    return rooms.get(name)
  }
  for (const { room, lines, imports } of files) {
    const entry = roomNamed(room)
    entry.files++
    entry.lines += lines
    entry.longest = Math.max(entry.longest, lines)
    for (const { path, names } of imports)
      if (byPath.has(path) && byPath.get(path).room !== room)
        for (const name of names) roomNamed(byPath.get(path).room).doors.add(`${path} ${name}`)
  }
  console.log(row('room', 'files', 'lines', 'longest', 'doors'))
  for (const [name, { files, lines, longest, doors }] of [...rooms].sort(([a], [b]) => a.localeCompare(b)))
    console.log(row(name, files, lines, longest, doors.size))
  console.log(row('all', files.length, total(files), Math.max(...files.map(({ lines }) => lines)), ''))
  const longest = files.filter(({ lines }) => lines > 320)
  for (const { path, lines } of longest) failures.push(`${path} has ${lines} lines: 320 at most`)
}

/** The file that declares a function, and every file of its floor that it reaches by imports. */
function printSubjects() {
  console.log(`\n${row('behind', 'files', 'lines', 'limit')}`)
  for (const [name, floor, limit] of subjects) {
    const start = files.find(({ path, source }) => path.startsWith(`src/${floor}/`) && declares(source, name))
    if (start === undefined) throw new Error(`no file of src/${floor} declares ${name}`)
    const behind = new Set([start.path])
    for (const path of behind)
      for (const { path: next } of byPath.get(path).imports)
        if (next.startsWith(`src/${floor}/`) && byPath.has(next) && !next.endsWith('/index.ts') && !/(kernel|internal)\.ts$/.test(next))
          behind.add(next)
    const lines = total([...behind].map((path) => byPath.get(path)))
    console.log(row(name, behind.size, lines, limit === Infinity ? '' : limit))
    if (args.includes('--list')) console.log([...behind].map((path) => `  ${path}`).join('\n'))
    if (behind.size > limit) failures.push(`${name} needs ${behind.size} files of src/${floor}: ${limit} at most`)
  }
}

function declares(source, name) {
  return source.statements.some((statement) => ts.isFunctionDeclaration(statement) && statement.name?.text === name)
}

function printCode() {
  let casts = 0
  const cells = []
  for (const { source, path } of files) {
    const visit = (node) => {
      if (ts.isAsExpression(node) && node.type.getText() !== 'const') casts++
      ts.forEachChild(node, visit)
    }
    visit(source)
    for (const statement of source.statements) if (ts.isVariableStatement(statement)) cells.push(...mutableCells(statement, path))
  }
  checkReasons(cells)
  console.log(`\ncasts: ${casts}, ${((1000 * casts) / total(files)).toFixed(1)} for each 1,000 lines`)
  console.log(`module-level mutable cells: ${cells.length}`)
  if (args.includes('--list')) console.log(cells.map((cell) => `  ${cell}`).join('\n'))
}

/** Each cell has its reason in docs/design.md. */
function checkReasons(cells) {
  const design = readFileSync(join(root, 'docs/design.md'), 'utf8')
  for (const cell of cells) {
    const name = cell.slice(cell.indexOf(' ') + 1)
    if (!name.startsWith('{') && !design.includes(`\`${name}\``))
      failures.push(`${cell}: docs/design.md gives no reason for this module-level state`)
  }
}

/** A `let`, or a constant that holds a collection, a record on globalThis, or an object of a class with state. */
function mutableCells(statement, path) {
  const isLet = (statement.declarationList.flags & ts.NodeFlags.Const) === 0
  return statement.declarationList.declarations
    .filter(({ initializer }) => isLet || isMutable(initializer))
    .map((declaration) => `${path} ${declaration.name.getText()}`)
}

function isMutable(initializer) {
  if (initializer === undefined) return false
  if (ts.isParenthesizedExpression(initializer)) return isMutable(initializer.expression)
  if (ts.isBinaryExpression(initializer)) return initializer.operatorToken.kind === ts.SyntaxKind.QuestionQuestionEqualsToken
  return ts.isNewExpression(initializer) && !/^(Error|TypeError|RegExp|Observable)$/.test(initializer.expression.getText())
}

function printWording() {
  const words = files
    .flatMap(({ text }) => [...text.matchAll(/\/\*\*([\s\S]*?)\*\//g)].map(([, comment]) => comment))
    .map((comment) => comment.replace(/^\s*\* ?/gm, '').replace(/```[\s\S]*?```/g, ''))
    .flatMap((comment) => comment.toLowerCase().match(/[a-z']+/g) ?? [])
  console.log(`\n${row('in doc comments', 'for 1,000', 'limit')}`)
  for (const [word, limit] of Object.entries(wording)) {
    const share = (1000 * words.filter((found) => found === word).length) / words.length
    console.log(row(`"${word}"`, share.toFixed(1), limit))
    if (share > limit) failures.push(`doc comments say "${word}" ${share.toFixed(1)} times in 1,000 words: ${limit} at most`)
  }
}

function total(list) {
  return list.reduce((sum, { lines }) => sum + lines, 0)
}

function row(name, ...columns) {
  return String(name).padEnd(30) + columns.map((column) => String(column).padStart(10)).join('')
}
