/** Options: a value that makes no sense is refused, by every function that takes a record of options. */
import { backoff, background, chan, mapConcurrent, pool, select, sometimes, trySelect, withRetry, workers } from 'millrace'
import {
  batch,
  byKey,
  fanOut,
  fromIterable,
  groupByKey,
  onUnpaced,
  queue,
  rateLimit,
  retryWith,
  sendTo,
  toReceiver,
  windowsByCount,
  windowsByTime,
  workerPool,
} from 'millrace/operators'
import { describe, expect, it } from 'vitest'

type Options = Record<string, unknown>
interface Row {
  readonly call: (options: never) => unknown
  /** Options that are required, with values that make sense. */
  readonly required?: Options
  /** Each option with values that make no sense. */
  readonly wrong: Record<string, readonly unknown[]>
}

const words = ['', 'typo', 1, null, {}]
const flags = ['yes', 1, 0, null, {}]
const counts = [-1, 1.5, NaN, '1', null, {}]
const functions = ['f', 1, null, {}]
const times = [NaN, '1', null, {}]
const contexts = [null, 1, {}, 'ctx']
const ofStage = { overflow: words, sparse: flags, name: [1, null, {}] }
const ofWorkers = { ...ofStage, onFailure: words, schedule: functions }
const f = (n: number): number => n
const limiter = { wait: () => chan<void>().receive() as never }

const rows: Record<string, Row> = {
  pool: { call: pool, required: { size: 1 }, wrong: { size: counts, errors: words, results: words, ctx: contexts } },
  workers: { call: (options) => workers(1, chan<number>(), f, options), wrong: { ctx: contexts } },
  mapConcurrent: { call: (options) => mapConcurrent([], 1, f, options), wrong: { ctx: contexts } },
  withRetry: { call: (options) => withRetry(() => null, () => 1, options), wrong: { ctx: contexts } }, // prettier-ignore
  backoff: {
    call: (options) => backoff(options),
    wrong: {
      first: times,
      longest: times,
      budget: times,
      factor: [0, NaN, '1'],
      jitter: [-1, 2, NaN],
      attempts: counts,
      retryIf: functions,
    },
  },
  sometimes: { call: (options) => sometimes(options), wrong: { first: counts, every: counts, interval: times } },
  select: { call: (options) => select({}, options), wrong: { biased: flags } },
  trySelect: { call: (options) => trySelect({}, options), wrong: { biased: flags } },
  workerPool: { call: (options) => workerPool(1, f, options), wrong: { ...ofWorkers, ordered: flags } },
  byKey: { call: (options) => byKey(f, 1, f, options), wrong: { ...ofWorkers, waiting: counts, commit: functions } },
  batch: { call: batch, required: { size: 1 }, wrong: { ...ofStage, size: counts, within: [...times, -1] } },
  windowsByCount: { call: windowsByCount, required: { size: 1 }, wrong: { ...ofStage, size: counts, every: counts } },
  windowsByTime: { call: windowsByTime, required: { ms: 1, most: 1 }, wrong: { ...ofStage, ms: [...times, 0, Infinity], most: counts } },
  groupByKey: { call: (options) => groupByKey(f, (g) => g, options), wrong: { ...ofStage, most: counts, idle: times } },
  fanOut: { call: (options) => fanOut(1, (b) => b, options), wrong: ofStage },
  rateLimit: { call: (options) => rateLimit(limiter, options), wrong: ofStage },
  queue: { call: (options) => queue(1, 'block', options), wrong: { name: ofStage.name } },
  retryWith: { call: (options) => retryWith(() => null, options), wrong: { resetOnSuccess: flags } },
  sendTo: { call: (options) => sendTo(chan(), options), wrong: { ...ofStage, close: flags } },
  toReceiver: {
    call: (options) => toReceiver(fromIterable([]), options),
    required: { capacity: 1 },
    wrong: { capacity: counts, ctx: contexts },
  },
}

describe.each(Object.entries(rows))('%s', (_, { call, required = {}, wrong }) => {
  const refused = expect.toSatisfy((error: unknown) => error instanceof TypeError || error instanceof RangeError) as unknown
  const thrown = (options: unknown): unknown => {
    try {
      call(options as never)
      return 'accepted'
    } catch (error) {
      return error
    }
  }
  it.each(Object.entries(wrong))('refuses %s with a value that makes no sense, and names it', (option, values) => {
    for (const value of values) {
      const error = thrown({ ...required, [option]: value })
      expect(error).toEqual(refused)
      expect((error as Error).message).toContain(option)
    }
  })
  it('refuses a record that is none', () => {
    for (const options of [null, 1, 'ordered', true, () => 1]) expect(thrown(options)).toEqual(refused)
  })
  it('takes an option that is undefined as absent', () => {
    expect(thrown({ ...Object.fromEntries(Object.keys(wrong).map((option) => [option, undefined])), ...required })).toBe('accepted')
  })
})

it('a policy of a queue and a hook that make no sense are refused', () => {
  for (const policy of words) expect(() => queue(1, policy as never)).toThrow(TypeError)
  for (const hook of functions) expect(() => onUnpaced(hook as never)).toThrow('onUnpaced(hook): expected a function')
  expect(background.err()._tag).toBe('None')
})
