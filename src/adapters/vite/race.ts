/**
 * The plugin of Vitest that looks for races. What instruments is loaded only where the plugin is on: the peers are not those of the other
 * plugins of this entry.
 */
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import type * as instrumenting from '../instrumenting/index.js'
import { tellAllowances, type Vitest } from './allowances.js'
import { checkedOptions, type RaceOptions } from './options.js'

export type { FilePattern, RaceOptions } from './options.js'

/** The part of Vitest's configuration that the plugin reads and changes. */
interface TestConfig {
  readonly setupFiles?: string | readonly string[]
  readonly provide?: object
  readonly browser?: { readonly enabled?: boolean }
  readonly server?: { readonly deps?: { readonly inline?: true | readonly unknown[] } }
}

/** Vite's configuration, to which Vitest adds its own. */
interface Config {
  test?: TestConfig
}

/** The part of the context of a transform that is used. */
interface Transforming {
  getCombinedSourcemap(): object
  warn(message: string): void
}

/** The name under which the processes with tests find the options. */
const PROVIDED = 'millrace:race'

const isBuilt = import.meta.url.endsWith('/vite.js')
/** The setup file: beside this file in the package, or in its room in the sources. */
const setup = fileURLToPath(new URL(isBuilt ? './race-setup.js' : '../../testing/vitest/index.js', import.meta.url))
const hooks = new URL(isBuilt ? './race-hooks.js' : '../../testing/hooks/index.js', import.meta.url).href
/** The hooks, as a module that Node loads itself, also in a process of Vitest without tests. */
const hooksModule = `data:text/javascript,export{hooks}from${JSON.stringify(hooks)}`

/**
 * A plugin for Vitest that looks for races: `vitest --mode race`. The tests and the sources that they load are instrumented, and a test
 * during which a race is found fails with the report. The plugin does nothing in another mode, unless `always` is true, and nothing
 * outside of Vitest. After the run each `// race-ok: why` is named that has accepted no race.
 *
 * Races of goroutines, of operators and of plain async code are found, as by `node --import millrace/race`. The peers are acorn and
 * magic-string. Tests that run in a browser are not looked at. Throws TypeError for an option that is none, or is of another
 * type; Vitest does not start without the peers.
 *
 * @example
 * ```ts
 * import { race } from 'millrace/vite'
 *
 * export default { plugins: [race({ ignore: { 'stats.hits': 'the last writer wins' } })] }
 * ```
 */
export function race(options: RaceOptions = {}): Plugin {
  const { level, always, include, exclude, ignore } = checkedOptions(options)
  let instruments: typeof instrumenting | null = null
  // The hooks of Vitest are not in Vite's type.
  const ofVitest: object = {
    configureVitest({ vitest }: { readonly vitest: Vitest }) {
      if (instruments !== null) tellAllowances(vitest, Object.keys(ignore))
    },
  }
  return {
    ...ofVitest,
    name: 'millrace:race',
    async config(given, { mode }) {
      const config = given as object as Config // with Vitest's part, whose types may not be there
      const { test = {} } = config
      if (!(always || mode === 'race') || process.env.VITEST === undefined || test.browser?.enabled === true) return
      instruments = await loadInstrumenting()
      const { deps = {} } = test.server ?? {}
      const inline = deps.inline === true || [...(deps.inline ?? []), ...include]
      config.test = {
        ...test,
        provide: { ...test.provide, [PROVIDED]: { level, ignore } },
        setupFiles: [setup, ...[test.setupFiles ?? []].flat()], // its hooks stand around those of the user
        server: { ...test.server, deps: { ...deps, inline } },
      }
    },
    transform: {
      order: 'post', // what Vitest moves to the top of a file is there by now
      handler(this: Transforming, code, id) {
        const [path = ''] = id.split('?')
        if (instruments === null || id.startsWith('\0') || exclude.some((pattern) => pattern.test(path))) return null
        if (!instruments.isInstrumented(path, (file) => include.some((pattern) => pattern.test(file)))) return null
        return instrumented(this, instruments, code, path)
      },
    },
  }
}

/** The code with hooks; null for code that cannot be read. */
function instrumented(context: Transforming, { instrumentFile, textOf }: typeof instrumenting, code: string, path: string) {
  const text = textOf(path, code)
  // Of Rollup, in the format of source maps.
  const map = text === code ? null : (context.getCombinedSourcemap() as instrumenting.Original['map'])
  try {
    return instrumentFile(code, path, { isScript: false, module: hooksModule, original: { text, map }, mapsBack: false })
  } catch (error) {
    context.warn(`${path} is not looked at for races: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

async function loadInstrumenting(): Promise<typeof instrumenting> {
  try {
    return await import('../instrumenting/index.js')
  } catch (cause) {
    throw new Error('race() of millrace/vite needs its peers: npm install --save-dev acorn magic-string', { cause })
  }
}
