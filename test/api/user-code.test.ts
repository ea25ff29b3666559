/**
 * Every place of the package that calls code of users, with code that returns junk, throws, or calls the same place again: a result or
 * one clear error, at the place where it belongs. Nothing hangs, nothing is left behind, and the next program runs. The places are read
 * from the API reports, so a new function without a row fails. (The runtime and the toolkit: test/goroutine/user-code.test.ts.)
 */
import { background, numGoroutine, onCrash, onLateFailure, setProbe, sleep } from 'millrace'
import { collect, fromIterable, workerPool } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { entries } from '../../scripts/entries.mjs'
import { time } from '../../src/runtime/scheduler/timers.js'
import { settle } from '../support/settle.js'
import { unhandledRejections } from '../support/unhandled.js'
import { codePlacesOf } from './bad-input/places.js'
import { broker } from './user-code/broker.js'
import { fpTs } from './user-code/fp-ts.js'
import { hooks } from './user-code/hooks.js'
import { junk, raise, returns, throws, type Bad, type Row, type Rows } from './user-code/kinds.js'
import { nats } from './user-code/nats.js'
import { node, nodeOperators } from './user-code/node.js'
import { operators } from './user-code/operators.js'
import { postgres } from './user-code/postgres.js'
import { kafka } from './user-code/kafka.js'
import { redis } from './user-code/redis.js'
import { fastCheck, testing } from './user-code/testing.js'
import { web, webOperators } from './user-code/web.js'

const tables: Record<string, Rows> = {
  '': hooks,
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
  '-web': web,
  '-web-operators': webOperators,
}

/**
 * `main` ends its process, laws of adapters wait for seconds of real time, and the stages of `pipeline` are alike. To `linearizable` the
 * errors of a method and of its specification are results, and its `cancel` is that of `schedule`.
 */
const elsewhere = (place: string) =>
  /^linearizable\((spec|operations|\{ cancel \})\)$/.test(place) ||
  ['main(fn)', 'laws.adapter({ item })', 'laws.adapter({ destroy })'].includes(place) ||
  /^pipeline\([b-t]\)$/.test(place)

/** The places of the runtime and the toolkit that are in the other table. */
const isNoHook = (place: string) => !/robe|hook/.test(place)

it.each(Object.entries(tables))('millrace%s has a row for each place', (entry, rows) => {
  const named = new Set(Object.keys(rows).map((row) => row.replace(/[:,] .*(?<!\})$/, '').replace(/\): .*$/, ')')))
  expect(codePlacesOf(entry).filter((place) => !named.has(place) && !elsewhere(place) && !(entry === '' && isNoHook(place)))).toEqual([])
})

it.each(entries)('$specifier has a table', ({ name }) => {
  // Functions on threads have a suite of their own: test/threads. Plugins take no function of the user.
  expect([...Object.keys(tables), '-threads', '-vite']).toContain(name === 'index' ? '' : `-${name}`)
})

interface End {
  readonly is: 'done' | 'thrown' | 'waiting'
  readonly cause?: unknown
}

const reports: unknown[] = []
const uncaught: unknown[] = []
let takeBack: (() => unknown)[] = []
beforeEach(() => {
  reports.length = uncaught.length = 0
  const report = (error: unknown) => void reports.push(error)
  vi.stubGlobal('reportError', report)
  takeBack = [onCrash(report), onLateFailure(report)]
})
afterEach(() => {
  vi.unstubAllGlobals()
  takeBack.forEach((off) => off())
})

const HANGS = 30_000

/** Rows that wait in real time, and share nothing: their runs go on at the same time. */
const isBorder = (entry: string) => /^-(node|web)/.test(entry)

/** Runs the row; a row without an end after some seconds hangs. */
async function endOf(row: Row, f: Bad): Promise<End> {
  const run = async (): Promise<End> => {
    try {
      await row(f, (cleanUp) => takeBack.push(cleanUp))
      return { is: 'done' }
    } catch (cause) {
      return { is: 'thrown', cause }
    }
  }
  let timer: ReturnType<typeof setTimeout> | undefined
  const hangs = new Promise<End>((resolve) => (timer = setTimeout(resolve, HANGS, { is: 'waiting' })))
  const end = await Promise.race([run(), hangs])
  clearTimeout(timer)
  return end
}

/** The errors that the host reports as uncaught, in place of the test runner. */
function uncaughtExceptions(): Disposable {
  const others = process.listeners('uncaughtException')
  const note = (error: unknown) => void uncaught.push(error)
  process.removeAllListeners('uncaughtException').on('uncaughtException', note)
  return {
    [Symbol.dispose]() {
      process.off('uncaughtException', note)
      for (const each of others) process.on('uncaughtException', each)
    },
  }
}

/** The row with this code ends, leaves nothing behind, and the runtime works as before. */
async function check(row: Row, f: Bad, inner: Promise<End>[] = []): Promise<End> {
  const [end] = await checkAll([() => endOf(row, f)], inner)
  return end
}

/** As `check`, for several runs at the same time. */
async function checkAll(runs: readonly (() => Promise<End>)[], inner: Promise<End>[] = []): Promise<readonly End[]> {
  using rejections = unhandledRejections()
  using _uncaught = uncaughtExceptions()
  const [before, timers] = [numGoroutine(), time.timers]
  const ends = await Promise.all(runs.map((run) => run()))
  await settle()
  await settle()
  await Promise.all(inner)
  const probe = setProbe(null)
  expect({ end: ends.some(({ is }) => is === 'waiting'), unhandled: rejections.reasons, uncaught, left: numGoroutine() - before, probe }).toEqual({ end: false, unhandled: [], uncaught: [], left: 0, probe: null }) // prettier-ignore
  expect(time.timers).toBe(timers)
  expect(await bubble(() => sleep(1).map(() => 'works'))).toBe('works')
  expect(await collect(background, fromIterable([1]).pipe(workerPool(1, (n) => n))).join()).toEqual([1])
  return ends
}

/** Errors of the language that say nothing of the place. */
const unclear = /Cannot read prop|is not a function|is not iterable|undefined is not a f|Cannot convert/

describe.each(Object.entries(tables))('millrace%s', (entry, rows) => {
  /** Runs the row with each of the functions. */
  const checkEach = async (row: Row, codes: readonly Bad[]): Promise<readonly End[]> => {
    if (isBorder(entry)) return checkAll(codes.map((f) => () => endOf(row, f)))
    const ends: End[] = []
    for (const f of codes) ends.push(await check(row, f))
    return ends
  }

  describe.each(Object.entries(rows))('%s', (name, row) => {
    it('returns junk: a result, or one clear error', async () => {
      const codes = Object.values(returns).map((make) => () => junk(make()))
      for (const end of await checkEach(row, codes)) {
        if (end.is !== 'thrown' || end.cause === 'first') continue
        expect(end.cause).toBeInstanceOf(Error)
        expect((end.cause as Error).message).not.toMatch(unclear)
        expect((end.cause as Error).message).not.toBe('')
      }
    })

    it('throws: the error is seen once the row has ended', async () => {
      let calls = 0
      const causes = Object.values(throws).map((make) => make())
      const ends = await checkEach(
        row,
        causes.map((cause) => () => (calls++, raise(cause))),
      )
      for (const [i, cause] of causes.entries()) {
        const end = ends[i]
        const seen = [...(end.is === 'thrown' ? causesOf(end.cause) : []), ...reports]
        if (!isHostOwn.test(name)) expect(seen.some((one) => isSame(one, cause))).toBe(true)
      }
      expect(calls, 'the row calls the code').toBeGreaterThan(0)
    })

    // A probe does not see the events that it causes itself: nothing is called again.
    it.skipIf(name.startsWith('setProbe'))('calls the same place again: both end', async () => {
      const inner: Promise<End>[] = []
      const end = await check(
        row,
        () => {
          if (inner.length === 0) inner.push(endOf(row, () => junk(undefined)))
          return junk(undefined)
        },
        inner,
      )
      const ends = [end, ...(await Promise.all(inner))]
      expect(ends.map(({ is }) => is)).not.toContain('waiting')
    })
  })
})

/** A channel or a stream fails with an error where undefined is thrown: a close with undefined is a good end. */
const isSame = (seen: unknown, cause: unknown) =>
  Object.is(seen, cause) || (cause === undefined && isError(seen) && (seen as Error).message === 'undefined was thrown')

/** The host calls the code and hands on what it likes, or the end has been reported when the code runs. */
const isHostOwn = /able\): (read|_read|_destroy|abort)$|(removeEventListener|unsubscribe)$|\): close$|stream\): (abort|cancel)$/

/** The error, and what it was made of. */
function causesOf(error: unknown): unknown[] {
  if (!(isError(error) && error instanceof Error)) return [error]
  const { errors = [], cause } = error as AggregateError
  return [error, ...('cause' in error ? causesOf(cause) : []), ...errors.flatMap(causesOf)]
}

function isError(value: unknown): boolean {
  try {
    return value instanceof Error
  } catch {
    return false
  }
}
