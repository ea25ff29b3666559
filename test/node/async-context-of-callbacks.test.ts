/**
 * Every callback runs in the async context of its registration where contexts are kept, and else in the neutral one: never in
 * that of the request that loaded the package, freed the resource or finished before.
 */
import { describe, expect, it } from 'vitest'
import { entries, readJson } from '../../scripts/entries.mjs'
import { run } from './program.js'
import { codePlacesOf } from '../api/bad-input/places.js'
import { fastCheck, testing } from '../api/user-code/testing.js'
import * as borders from './programs/stores-borders.js'
import { rows } from './programs/stores-rows.js'

const isNode = !('Bun' in globalThis) && !('Deno' in globalThis)

/** Exports without a callback, or with a callback that is called at once, in the caller's own call. */
const without = {
  millrace: `CanceledError DeadlineExceededError after background cond contextKey dropping gosched keyedMutex never now numGoroutine
    rateEvery rateLimiter rwMutex sleep sliding ticker todo trySelect withDeadline withValue withoutCancel
    range addProbe setProbe traceStarts sometimes syncPool`,
  'millrace/operators': 'InvalidItemError QueueFullError StageTrail UnpacedError bounds graph pauseControls sample strictDemand trailOf',
}

/** The tables of the borders, by their entry: a row for each place of the API report that calls code of users. */
const tables: Record<string, object> = {
  '-node': borders.node,
  '-node-operators': borders.nodeOperators,
  '-web': borders.web,
  '-web-operators': borders.webOperators,
  '-fp-ts': borders.fpTs,
  '-threads': borders.threads,
}
/** `main` ends its process. */
const elsewhere = ['main(fn)']

describe.each([
  ['loaded at the start', 'static'],
  ['loaded within a request', 'lazy'],
  ['loaded within a request, in the first turn', 'at once'],
])('%s', (_, how) => {
  // Until Deno and Bun have a neutral context, callbacks there run in that of their registration.
  const own = how === 'at once' && !isNode ? ['A'] : []
  it.each([
    ['neutral', 'none', 'call'],
    ['neutral', 'none', 'goroutine'],
    ['keep', 'A', 'call'],
    ['keep', 'A', 'goroutine'],
  ])('%s: registered by A, sees %s, freed by a %s of B', async (keep, store, by) => {
    const { status, stdout, stderr } = await run('stores', how, keep, by)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const seen = JSON.parse(stdout) as Record<string, string[]>
    const wrong = Object.entries(seen).filter(
      ([name, stores]) => stores.length === 0 || stores.some((one) => ![...allowed(name, store), ...own].includes(one)),
    )
    expect(Object.fromEntries(wrong)).toEqual({})
    expect(Object.keys(seen).sort()).toEqual([...Object.keys(rows), ...Object.values(tables).flatMap(Object.keys)].sort())
  })
})

// A bubble or an exploration runs alone, so B has run before, and works beside it. The places are those of test/api/user-code.test.ts. What an
// exploration calls in the caller's own call has the caller's store.
it.each([
  ['static', 'neutral', ['none', 'A']],
  ['lazy', 'neutral', ['none', 'A']],
  ['lazy', 'keep', ['A']],
  ['at once', 'neutral', ['none', 'A']],
])('the test kit loaded %s, %s: code called for A sees %j', async (how, keep, allowed) => {
  const { status, stdout, stderr } = await run('stores-kit', how, keep)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const seen = JSON.parse(stdout) as Record<string, string[]>
  const wrong = Object.entries(seen).filter(([, stores]) => stores.length === 0 || stores.some((one) => !allowed.includes(one)))
  expect(Object.fromEntries(wrong)).toEqual({})
  expect(Object.keys(seen)).toEqual([...Object.keys(testing), ...Object.keys(fastCheck)])
})

/** A promise calls back in the context of its registration, whatever the package does. */
function allowed(name: string, store: string): readonly string[] {
  return /then with one function|: then/.test(name) ? [store, 'A'] : [store]
}

it('each export has a row, or has no callback', () => {
  const exported = readJson('test/api/exports.json') as Record<string, string[]>
  const named = new Set(Object.keys(rows).map((name) => name.split(/[:,]/)[0]))
  const missing = entries
    .map(({ name }) => (name === 'index' ? 'millrace' : `millrace/${name}`))
    .filter((entry): entry is keyof typeof without => entry in without)
    .flatMap((entry) => exported[entry].filter((name) => !named.has(name) && !without[entry].split(/\s+/).includes(name)))
  expect(missing).toEqual([])
})

it.each(Object.entries(tables))('millrace%s has a row for each place', (entry, table) => {
  const named = new Set(Object.keys(table).map((name) => name.replace(/\): .*$/, ')')))
  expect(codePlacesOf(entry).filter((place) => !named.has(place) && !elsewhere.includes(place))).toEqual([])
})
