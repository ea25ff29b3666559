/**
 * Which suites share a process. To start one, and to load vitest, RxJS and the sources in it, takes longer than most suites run. So suites
 * that touch nothing of their process share two (test/processes.ts); the others run alone, in a process of their own. The text of a suite
 * decides, and that of the modules of the tests that it imports: a suite that begins to replace a hook runs alone from then on.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** What shows or changes the state of a process: its globals and modules, real time, the hooks of the package, the count of all goroutines. */
const OWN_PROCESS = new RegExp(
  [
    String.raw`\b(process|globalThis|gc|WeakRef|FinalizationRegistry|prototype|Math\.random|console\.(error|warn))\b`,
    String.raw`\b(setTimeout|setInterval|setImmediate|performance|Date\.now|uncaught|unhandled)\b`,
    String.raw`\b(onCrash|onLateFailure|takeCrashed|keepAsyncContext|AsyncLocalStorage|traceStarts|setProbe)\b`,
    String.raw`numGoroutine|[dD]ump|goroutine \d|\bvi\.|\bimport\(|'node:(?!(fs|path|url|util|vm)')|'millrace/(node|web)|/adapters/(node|web)`,
    String.raw` from '(typescript|eslint)'`, // hundreds of MB
  ].join('|'),
)
/** A comment that fills its line: its words, such as "performance", name nothing of the process. */
const COMMENT = /^\s*(\/\/|\/?\*).*$/gm
/** Modules of the tests that leave a process as it is. */
const HARMLESS = /\/test\/support\/(settle|virtual-time|waiters|portion)\.ts$/

const known = new Map<string, boolean>()

/** Whether the suite runs in a process of its own. */
export function isAlone(file: string): boolean {
  const decided = known.get(file)
  if (decided !== undefined) return decided
  known.set(file, false) // for modules that import each other
  const text = readFileSync(file, 'utf8').replaceAll(COMMENT, '')
  const imports = [...text.matchAll(/ from '(\.[^']+)\.js'/g)].map(([, name]) => resolve(dirname(file), `${name}.ts`))
  const ofTests = imports.filter((module) => module.includes('/test/') && existsSync(module) && !HARMLESS.test(module))
  const decision = OWN_PROCESS.test(text) || ofTests.some(isAlone)
  known.set(file, decision)
  return decision
}
