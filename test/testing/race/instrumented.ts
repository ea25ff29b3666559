/** Runs plain async programs under the race engine, instrumented as the loader does it. */
import { readFile } from 'node:fs/promises'
import { instrument } from '../../../src/instrument/index.js'
import { HOOKS, installHooks } from '../../../src/testing/hooks/index.js'
import { RaceEngine, type RaceError, type RaceLevel } from '../../../src/testing/race/index.js'

const hooks = { module: `data:text/javascript,export const hooks=globalThis[Symbol.for('${HOOKS}')]`, key: HOOKS }

/** Instruments a module, and those beside it that it imports, and evaluates it. The hooks must be installed. */
export async function load<T>(url: URL): Promise<T> {
  return (await import(/* @vite-ignore */ await addressOf(url))) as T
}

export async function evaluate<T>(source: string, file: string): Promise<T> {
  return (await import(/* @vite-ignore */ instrumented(source, file))) as T
}

async function addressOf(url: URL): Promise<string> {
  let source = await readFile(url, 'utf8')
  for (const [, path = ''] of source.matchAll(/^import .* from '(\.\/[^']+)'/gm))
    source = source.replaceAll(`'${path}'`, `'${await addressOf(new URL(path, url))}'`)
  return instrumented(source, url.pathname.slice(url.pathname.lastIndexOf('/') + 1))
}

function instrumented(source: string, file: string): string {
  const { code } = instrument(source, file, { hooks })
  return `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
}

/** The races of a program at a level. */
export async function racesOf(program: () => unknown, level: RaceLevel = 'order'): Promise<readonly RaceError[]> {
  const engine = new RaceEngine(level)
  const close = engine.open()
  try {
    await program()
    return engine.takeRaces()
  } finally {
    close()
  }
}

export { installHooks }
