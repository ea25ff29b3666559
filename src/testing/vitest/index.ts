/**
 * The setup file of `race()` of `millrace/vite`, in each process with tests: a test during which a race is found fails with the report.
 * Each test is a run of its own for the engine: what came before means nothing. Tests that run side by side are one run.
 */
import { afterAll, afterEach, beforeEach, inject } from 'vitest'
import { allowedLines, RaceEngine, RaceError, type RaceLevel } from '../race/index.js'
import { installHooks } from '../hooks/index.js'

/** The name of the options and of the meta data, which the plugin knows as well. */
const NAME = 'millrace:race'

interface Given {
  readonly level: RaceLevel
  readonly ignore: Readonly<Record<string, string>>
}

// The plugin provides it: the names that Vitest knows are those of the user.
const { level, ignore } = (inject as (name: string) => unknown)(NAME) as Given
const engine = new RaceEngine(level)
engine.open()
installHooks()

/** Files are named from the working directory. */
const folder = `${process.cwd()}/`
const fromFolder = (text: string): string => text.replaceAll(`file://${folder}`, '').replaceAll(folder, '')

/** The ids of the tests under way. */
const underWay = new Set<string>()
/** The names of those that have begun since no test was under way. */
let together: string[] = []
const ignored: Record<string, number> = {}

beforeEach(({ task }) => {
  const races = underWay.size === 0 ? takeRaces() : []
  if (underWay.size === 0) {
    engine.begin()
    together = []
  }
  underWay.add(task.id)
  together.push(task.name)
  fail(races, 'before this test, in a hook, a module or code that went on')
})

afterEach(({ task }) => {
  const races = takeRaces()
  underWay.delete(task.id)
  Object.assign(task.file.meta, { [NAME]: { lines: [...allowedLines.values()], ignored } })
  fail(races, together.length > 1 ? `while these tests ran side by side: ${together.join(', ')}` : null)
})

afterAll(() => {
  fail(takeRaces(), 'after the tests, in a hook or code that went on')
})

function takeRaces(): readonly RaceError[] {
  return engine.takeRaces().filter(({ place }) => {
    if (!Object.hasOwn(ignore, place)) return true
    ignored[place] = (ignored[place] ?? 0) + 1
    return false
  })
}

/** Throws the races, with no stack: the report names the places, and its own are no help. */
function fail(races: readonly RaceError[], when: string | null): void {
  if (races.length === 0) return
  const found = when === null ? '' : `\n  Found ${when}.`
  const told = races.map(({ rule, place, accesses, message, wait }) => {
    const error = new RaceError(rule, place, accesses, fromFolder(message) + found, wait)
    error.stack = `${error.name}: ${error.message}`
    return error
  })
  if (told.length === 1) throw told[0]
  const all = new AggregateError(told, told.map(({ message }) => message).join('\n\n'))
  all.stack = `${all.name}: ${all.message}`
  throw all
}
