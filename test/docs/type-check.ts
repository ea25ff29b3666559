/** Type-checks programs that exist in no file, with the options of the repository. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { root } from '../../scripts/entries.mjs'
import type { Source } from './programs.js'

/** The type errors, `docs/from-go.md:14: …`. All programs share one run, since loading the libraries takes most of the time. */
export function typeErrors(sources: readonly Source[]): string[] {
  const folder = fileURLToPath(root)
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as { config: object } // it is there
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder)
  options.noUnusedLocals = options.noUnusedParameters = false // a program that shows something may stop there
  const host = ts.createCompilerHost(options)
  const inMemory = new Map(sources.map(({ code }, i) => [join(folder, `program-${i}.ts`), code]))
  const { readFile, fileExists } = host
  host.readFile = (path) => inMemory.get(path) ?? readFile(path)
  host.fileExists = (path) => inMemory.has(path) || fileExists(path)

  const program = ts.createProgram([...inMemory.keys()], options, host)
  return sources.flatMap(({ place }, i) => {
    const file = program.getSourceFile(join(folder, `program-${i}.ts`))
    const errors = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    return errors.map((error) => `${place}: ${textOf(error)}`)
  })
}

function textOf({ file, start, messageText }: ts.Diagnostic): string {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n')
  if (file === undefined || start === undefined) return text
  const { line } = file.getLineAndCharacterOfPosition(start)
  return `${file.text.split('\n')[line].trim()}: ${text}`
}
