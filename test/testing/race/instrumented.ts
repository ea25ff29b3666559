/** Runs plain async programs under the race engine, instrumented as the loader does it. */
import { readFile } from 'node:fs/promises'
import { instrument } from '../../../src/instrument/index.js'
import { HOOKS, installHooks } from '../../../src/testing/hooks/index.js'
import { RaceEngine, type RaceError, type RaceLevel } from '../../../src/testing/race/index.js'

const hooks = { module: `data:text/javascript,export const hooks=globalThis[Symbol.for('${HOOKS}')]`, key: HOOKS }

/** Instruments a module and evaluates it. The hooks must be installed. */
export async function load<T>(url: URL): Promise<T> {
  return evaluate<T>(await readFile(url, 'utf8'), url.pathname.slice(url.pathname.lastIndexOf('/') + 1))
}

export async function evaluate<T>(source: string, file: string): Promise<T> {
  const { code } = instrument(source, file, { hooks })
  return (await import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as T
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
