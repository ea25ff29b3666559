/**
 * Every place where a user hands in a value: each parameter of each exported function, of each method of an exported interface, and
 * each option of a record of options, read from the API reports. `chan(capacity)`, `Mutex.lock()`, `pool({ size })`.
 */
import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { root } from '../../../scripts/entries.mjs'

/** A place, and the type of its value. */
type Typed = readonly [place: string, type: ts.Node | undefined]

type Declared = ts.FunctionDeclaration | ts.InterfaceDeclaration | ts.ClassDeclaration | ts.TypeAliasDeclaration | ts.VariableStatement

/** Interfaces that users implement, or that only carry data: their methods are called by the package. */
const implementedByUsers = new Set([
  'Probe',
  'TestHooks',
  'Locker',
  'Limiter',
  'ReadableLike',
  'WritableLike',
  'EmitterLike',
  'ServerLike',
  'EventTargetLike',
  'MessageSource',
  'ObservableLike',
  'ObserverLike',
  'WebSocketLike',
  'StandardSchema',
  'Chooser',
  'OnceStore',
  'PullDriver',
  'StageLink',
  'StageTopics',
  'StageParts',
  'BrokerLawLink',
  'BrokerLawSubject',
  'Message',
  'ToMemory',
  'FromNats',
  'ToNats',
  'PostgresClient',
  'PostgresListener',
  'PostgresPool',
  'ToPostgres',
  'KafkaClient',
  'RedisClusterClient',
  'RedisServerClient',
  'RedisConnection',
  'ToKafka',
  'ToRedis',
])

interface Report {
  readonly declared: ReadonlyMap<string, readonly Declared[]>
  readonly exported: ReadonlySet<string>
}

function read(entry: string): Report {
  const text = readFileSync(new URL(`test/api/millrace${entry}.api.md`, root), 'utf8')
  const source = ts.createSourceFile('report.ts', text.split('```')[1].slice(2), ts.ScriptTarget.Latest, true)
  const declared = new Map<string, Declared[]>()
  const exported = new Set<string>()
  source.forEachChild((node) => {
    if (ts.isExportDeclaration(node)) for (const name of namesOf(node)) exported.add(name)
    if (!isDeclared(node)) return
    const name = nameOf(node)
    declared.set(name, [...(declared.get(name) ?? []), node])
    if (node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) exported.add(name)
  })
  return { declared, exported }
}

const isDeclared = (node: ts.Node): node is Declared =>
  ts.isFunctionDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isClassDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isVariableStatement(node)

const nameOf = (node: Declared): string =>
  ts.isVariableStatement(node) ? node.declarationList.declarations[0].name.getText() : (node.name?.getText() ?? '')

const namesOf = (node: ts.ExportDeclaration): string[] =>
  node.exportClause !== undefined && ts.isNamedExports(node.exportClause)
    ? node.exportClause.elements.map(({ name, propertyName }) => (propertyName ?? name).getText())
    : []

/** Errors that only the package makes. */
const madeByThePackage = /^new (?!CanceledError|DeadlineExceededError)/

/** The places of one entry: '' for the package itself, '-operators' for its operators. */
export function placesOf(entry: string): string[] {
  return [...typedPlacesOf(read(entry)).keys()]
}

/** The places of one entry whose value is code: a function, an object that users implement, or an iterable. */
export function codePlacesOf(entry: string): string[] {
  const report = read(entry)
  return [...typedPlacesOf(report)].filter(([, type]) => isCode(report, type)).map(([place]) => place)
}

function typedPlacesOf(report: Report): Map<string, ts.Node | undefined> {
  const places = [...report.exported].flatMap((name) =>
    (report.declared.get(name) ?? []).flatMap((node) => ofDeclaration(report, name, node)),
  )
  return new Map(places.filter(([place]) => !madeByThePackage.test(place)))
}

/** Named types of the host and of RxJS that are code of users. */
const codeOfHosts = /\b(Iterable|AsyncIterable|OperatorFunction|PromiseLike)</

function isCode(report: Report, type: ts.Node | undefined, seen: readonly string[] = []): boolean {
  if (type === undefined) return false
  const text = type.getText()
  if (ts.isFunctionTypeNode(type) || codeOfHosts.test(text) || text.includes('=>')) return true
  return [...text.matchAll(/\b[A-Z]\w*/g)].some(([name]) => {
    if (implementedByUsers.has(name.replace('_2', ''))) return true
    const aliases = seen.includes(name) ? [] : (report.declared.get(name) ?? []).filter(ts.isTypeAliasDeclaration)
    return aliases.some((alias) => isCode(report, alias.type, [...seen, name]))
  })
}

function ofDeclaration(report: Report, name: string, node: Declared): Typed[] {
  if (ts.isFunctionDeclaration(node)) return ofCall(report, name, node.parameters)
  if (ts.isInterfaceDeclaration(node) && !implementedByUsers.has(name))
    return node.members.flatMap((member) => ofMember(report, name, member))
  if (ts.isVariableStatement(node)) return ofSuites(report, name, node)
  if (ts.isClassDeclaration(node))
    return node.members.flatMap((member) => (ts.isConstructorDeclaration(member) ? ofCall(report, `new ${name}`, member.parameters) : []))
  return []
}

/** A record of functions: `laws`. */
function ofSuites(report: Report, name: string, node: ts.VariableStatement): Typed[] {
  const { type } = node.declarationList.declarations[0]
  if (type === undefined || !ts.isTypeLiteralNode(type)) return []
  return type.members.flatMap((member) => {
    const query =
      ts.isPropertySignature(member) && member.type !== undefined && ts.isTypeQueryNode(member.type) ? member.type.exprName.getText() : ''
    const functions = (report.declared.get(query) ?? []).filter(ts.isFunctionDeclaration)
    return functions.flatMap(({ parameters }) => ofCall(report, `${name}.${member.name?.getText() ?? ''}`, parameters))
  })
}

function ofMember(report: Report, owner: string, member: ts.TypeElement): Typed[] {
  if (ts.isCallSignatureDeclaration(member)) return ofCall(report, owner.toLowerCase(), member.parameters)
  const name = `${owner.replace('_2', '')}.${member.name?.getText() ?? ''}`
  if (ts.isMethodSignature(member)) return ofCall(report, name, member.parameters)
  const type = ts.isPropertySignature(member) ? member.type : undefined
  return type !== undefined && ts.isFunctionTypeNode(type) && !owner.endsWith('Options') ? ofCall(report, name, type.parameters) : []
}

/** The parameter of an overload that exists only for the compiler's message on a usual slip; values take the overloads above it. */
const isMessage = (parameter: ts.BindingName): boolean => /^slips?$/.test(parameter.getText())

function ofCall(report: Report, name: string, parameters: ts.NodeArray<ts.ParameterDeclaration>): Typed[] {
  return parameters.flatMap(({ name: parameter, type }) => {
    if (isMessage(parameter)) return []
    const options = parameter.getText() === 'options' ? optionsOf(report, type, /^(\w+)\b/) : optionsOf(report, nameOnly(type))
    const each = options.filter(([option]) => option !== ANY).map(([option, of]): Typed => [`${name}({ ${option} })`, of])
    const isClosed = options.length > 0 && !options.some(([option]) => option === ANY)
    const unknown: Typed = [`${name}({ unknown })`, undefined]
    return [[`${name}(${parameter.getText()})`, options.length > 0 ? undefined : type], ...each, ...(isClosed ? [unknown] : [])]
  })
}

/** A record that extends one of the host has options of any name. */
const ANY = 'any'

const nameOnly = (type: ts.TypeNode | undefined) => (type !== undefined && ts.isTypeLiteralNode(type) ? undefined : type)

/** The names of a record of options, with those that it extends. */
function optionsOf(report: Report, type: ts.Node | undefined, named = /^(\w*Options)\b/): Typed[] {
  if (type !== undefined && ts.isTypeLiteralNode(type)) return type.members.map(asOption)
  const name = named.exec(type?.getText() ?? '')?.[1]
  return (report.declared.get(name ?? '') ?? []).flatMap((node) => {
    if (ts.isTypeAliasDeclaration(node) && ts.isTypeReferenceNode(node.type) && node.type.typeArguments === undefined)
      return optionsOf(report, node.type)
    if (ts.isTypeAliasDeclaration(node))
      return [...node.type.getText().matchAll(/'(\w+)'/g)].map(([, option]): Typed => [option, pickedFrom(report, node.type, option)])
    if (!ts.isInterfaceDeclaration(node)) return []
    const above =
      node.heritageClauses?.flatMap(({ types }) =>
        types.flatMap((each) => (/^\w+$/.test(each.getText()) ? optionsOf(report, each) : [[ANY, undefined] as const])),
      ) ?? []
    return [...node.members.map(asOption), ...above]
  })
}

const asOption = (member: ts.TypeElement): Typed => [
  member.name?.getText() ?? '',
  ts.isPropertySignature(member) ? member.type : ts.isMethodSignature(member) ? member : undefined,
]

/** The type of an option of `Pick<Options, 'option'>`. */
const pickedFrom = (report: Report, pick: ts.TypeNode, option: string): ts.Node | undefined =>
  ts.isTypeReferenceNode(pick) ? optionsOf(report, pick.typeArguments?.[0]).find(([name]) => name === option)?.[1] : undefined
