/** The examples in the doc comments of the sources, and the exported names of each entry point. */
import { readdirSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { entries, root } from '../../scripts/entries.mjs'

export interface Example {
  /** `src/runtime/channel.ts:98 chan`: its first line, and what it is an example of. */
  readonly place: string
  readonly of: string
  readonly code: string
}

/** All `ts` blocks under an @example in the sources. */
export function examples(): Example[] {
  return sources().flatMap((file) => examplesIn(file, read(file)))
}

const COMMENT = /\/\*\*\n(?: *\*.*\n)*? *\*\/\n/g
const DECLARED = /^(?:\/\/.*\n)?(?:export )?(?:abstract |async |default )*(?:function\*?|class|interface|const|type) (\w+)/

function examplesIn(file: string, text: string): Example[] {
  return [...text.matchAll(COMMENT)].flatMap(({ 0: comment, index }) => {
    const lines = comment.split('\n').map((line) => line.replace(/^ *\* ?/, ''))
    const from = lines.indexOf('@example')
    if (from < 0) return []
    const of = DECLARED.exec(text.slice(index + comment.length))?.[1]
    if (of === undefined) throw new Error(`${file}: an example of nothing that is declared\n${comment}`)
    const begin = lines.indexOf('```ts', from) + 1
    if (begin === 0) throw new Error(`${file}: the example of ${of} has no block of TypeScript`)
    const code = lines.slice(begin, lines.indexOf('```', begin)).join('\n')
    const line = text.slice(0, index).split('\n').length + begin
    return [{ place: `${file}:${line} ${of}`, of, code }]
  })
}

/** The names that an entry point exports; the ones of types alone are in `types`. */
export interface Names {
  readonly specifier: string
  readonly values: ReadonlySet<string>
  readonly types: ReadonlySet<string>
}

export function exportedNames(): Names[] {
  return entries.map(({ specifier, source }) => {
    const names = { specifier, values: new Set<string>(), types: new Set<string>() }
    for (const statement of ts.createSourceFile(source, read(source), ts.ScriptTarget.Latest).statements) {
      if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined || !ts.isNamedExports(statement.exportClause)) continue
      for (const { name, isTypeOnly } of statement.exportClause.elements)
        (isTypeOnly || statement.isTypeOnly ? names.types : names.values).add(name.text)
    }
    return names
  })
}

function sources(): string[] {
  const files = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `src/${file.replaceAll('\\', '/')}`)
    .sort()
}

function read(file: string): string {
  return readFileSync(new URL(file, root), 'utf8')
}
