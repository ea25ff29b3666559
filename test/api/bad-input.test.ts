/**
 * Every place where a caller hands in a value refuses a bad one, with an error that names the parameter, the value and what was
 * expected, or accepts it and works. The places are read from the API reports, so a new export without a row fails.
 */
import { entries } from '../../scripts/entries.mjs'
import { onLateFailure } from 'millrace'
import { bubble } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { unhandledRejections } from '../support/unhandled.js'
import { kinds, values, type Kind, type Place, type Table, type ValueName } from './bad-input/kinds.js'
import { broker } from './bad-input/broker.js'
import { fpTs, functionsOfModules } from './bad-input/fp-ts.js'
import { nats } from './bad-input/nats.js'
import { operators } from './bad-input/operators.js'
import { placesOf } from './bad-input/places.js'
import { postgres } from './bad-input/postgres.js'
import { kafka } from './bad-input/kafka.js'
import { redis } from './bad-input/redis.js'
import { runtime } from './bad-input/runtime.js'
import { node, nodeOperators } from './bad-input/node.js'
import { fastCheck, testing } from './bad-input/testing.js'
import { threads } from './bad-input/threads.js'
import { toolkit } from './bad-input/toolkit.js'
import { vite } from './bad-input/vite.js'
import { web, webOperators } from './bad-input/web.js'
import { show } from '../../src/runtime/base/arguments.js'

const tables: Record<string, Table> = {
  '': { ...runtime, ...toolkit },
  '-operators': operators,
  '-fp-ts': fpTs,
  '-testing': testing,
  '-fast-check': fastCheck,
  '-broker': broker,
  '-nats': nats,
  '-postgres': postgres,
  '-redis': redis,
  '-kafka': kafka,
  '-node': node,
  '-node-operators': nodeOperators,
  '-threads': threads,
  '-vite': vite,
  '-web': web,
  '-web-operators': webOperators,
}

/** Their programs open bubbles themselves. */
const outside = ['-testing', '-fast-check', '-node', '-node-operators', '-threads', '-vite', '-web', '-web-operators']

it.each(entries)('$specifier has a table: write test/api/bad-input/<entry>.ts', ({ name }) => {
  expect(Object.keys(tables)).toContain(name === 'index' ? '' : `-${name}`)
})

describe.each(Object.entries(tables))('millrace%s', (entry, table) => {
  it('has a row for each place', () => {
    const rows = Object.keys(table).filter((place) => !functionsOfModules.some((name) => place.startsWith(name)))
    expect(rows.sort(), 'write a row in test/api/bad-input for each new parameter and option').toEqual(placesOf(entry).sort())
  })

  it.each(Object.keys(table))('%s', async (place) => {
    const seen: Record<string, string> = {}
    for (const name of Object.keys(values) as ValueName[]) {
      const fault = await faultOf(place, table[place], name, outside.includes(entry))
      if (fault !== null) seen[name] = fault
    }
    expect(seen).toEqual({})
  })
})

/** Whose first parameter is the options. */
const takesOptionsFirst = (entry: string): string[] =>
  placesOf(entry).flatMap((place) => /^(\w+)\(\{|^(\w+)\(options\)/.exec(place)?.slice(1) ?? []) // the other group is undefined

it.each(entries)('$specifier: the first of two bad arguments is named', async ({ specifier, name }) => {
  const optionsFirst = takesOptionsFirst(name === 'index' ? '' : `-${name}`)
  const functions = Object.entries((await import(specifier)) as Record<string, unknown>).filter(
    (entry): entry is [string, (...args: unknown[]) => unknown] => typeof entry[1] === 'function' && !optionsFirst.includes(entry[0]),
  )
  const named = functions.map(([fn, call]) => [fn, messageOf(() => call(Symbol('first'), { noSuchOption: 1 }))])
  expect(named.filter(([, message]) => message.includes('noSuchOption'))).toEqual([])
})

function messageOf(call: () => unknown): string {
  try {
    const result = call() as { catch?: (ignored: () => void) => void } | undefined // a promise, perhaps
    result?.catch?.(() => {})
    return ''
  } catch (error) {
    return String(error)
  }
}

it('has a row for each function of the modules of millrace/fp-ts', () => {
  expect(functionsOfModules.filter((name) => !Object.keys(fpTs).some((place) => place.startsWith(name)))).toEqual([])
})

async function faultOf(place: string, [kind, program, ...named]: Place, name: ValueName, isOutside: boolean): Promise<string | null> {
  const value = values[name] as never
  const accepted: readonly string[] = kinds[kind]
  const late: unknown[] = []
  using rejections = unhandledRejections()
  const stop = onLateFailure((error) => late.push(error))
  const ending = isOutside ? (async () => void (await program(value)))() : bubble(() => program(value))
  const error = await ending.then(
    () => null,
    (cause: unknown) => cause as Error,
  )
  await new Promise(setImmediate)
  stop()
  if (rejections.reasons.length > 0 || late.length > 0) return `reported ${String([...rejections.reasons, ...late])}`
  if (accepted.includes(name)) return error === null ? null : `expected to work, threw ${String(error)}`
  if (error === null) return 'expected to be refused, was accepted'
  if (kind === 'options' && name === '{}') return /expected/.test(error.message) ? null : `unclear: ${String(error)}` // names an option
  return isClear(kind, error, [/[({ ]+(\w+)[ })]*$/.exec(place)?.[1] ?? '', ...named], value) ? null : `unclear: ${String(error)}`
}

/** The error names the parameter, the value and what was expected. */
function isClear(kind: Kind, { message }: Error, parameter: readonly string[], value: unknown): boolean {
  const words = message.split(/\W+/)
  const shown = kind === 'unknown' ? '"misspelled"' : show(value)
  const isEmpty = Array.isArray(value) || value === ''
  return (
    (message.includes(shown) ||
      (value === undefined && /got (neither|none of them)$/.test(message)) ||
      (isEmpty && /got (none|its end)/.test(message))) &&
    /expected/.test(message) &&
    parameter.some((name) => words.includes(name) || message.includes(name))
  )
}
