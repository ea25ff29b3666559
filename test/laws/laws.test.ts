/** What a law tells where it does not hold, and how it is seen again. */
import { chan } from 'millrace'
import { workerPool } from 'millrace/operators'
import { laws, LawError, type Law, type MakeOperator } from 'millrace/testing'
import { NEVER } from 'rxjs'
import { describe, expect, it } from 'vitest'

/** A pool that answers as its work is ready, though it is said to keep the order. */
const unordered = laws.operator((work) => workerPool(3, work), { bound: 3 })

function named(all: readonly Law[], name: string): Law {
  const law = all.find((one) => one.name === name)
  if (law === undefined) throw new Error(`no law of ${name}`)
  return law
}

async function broken(check: Promise<void>): Promise<LawError> {
  const error: unknown = await check.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof LawError) return error
  throw new Error('the law holds', { cause: error })
}

describe('a law that is broken', () => {
  const law = named(unordered, 'ordering')

  it('names itself, what was seen, the seed, the token and the trace', async () => {
    const error = await broken(law.check())
    expect(error.law).toBe('ordering')
    expect(error.message).toMatch(
      /^the law of ordering is broken \(results come in the order of their items\): failed under schedule \d+ \(seed 1\)/,
    )
    expect(error.message).toContain('out of order: ')
    expect(error.message).toContain(`replay with: await law.replay(${JSON.stringify(error.token)})`)
    expect(error.message).toContain('starts law#1')
    expect(error.cause).toBe(error.finding.error)
  })

  it('is the same again in a replay', async () => {
    const error = await broken(law.check())
    expect((await broken(law.replay(error.token))).finding.message).toBe(error.finding.message)
  })

  it('is the same again under the same seed, and is looked for elsewhere under another', async () => {
    const make = (seed: number): Law =>
      named(
        laws.operator((work) => workerPool(3, work), { bound: 3, seed }),
        'ordering',
      )
    const [first, second, other] = [await broken(make(3).check()), await broken(make(3).check()), await broken(make(4).check())]
    expect(second.message).toBe(first.message)
    expect(other.seed).toBe(4)
  })
})

describe('a law that holds', () => {
  it('resolves, and its replay too', async () => {
    const law = named(
      laws.channel((capacity) => chan(capacity)),
      'ordering',
    )
    await law.check()
    await law.replay('s1-')
  })
})

describe('what is left out', () => {
  const names = (all: readonly Law[]): string[] => all.map(({ name }) => name)

  it('is the law of ordering where there is no order', () => {
    expect(names(laws.operator((work) => workerPool(2, work), { bound: 2, ordered: false }))).not.toContain('ordering')
    expect(names(unordered)).toContain('ordering')
  })

  it('are the laws of work where there is none', () => {
    const none = names(laws.operator(() => (source) => source, { bound: 0, works: false }))
    expect(none).not.toContain('cancellation: work is stopped')
    expect(none).not.toContain('errors: of the work')
  })
})

describe('bad input names the value, what was expected, and where', () => {
  const pool: MakeOperator<number> = (work) => workerPool(2, work)
  const bad = (value: unknown): never => value as never // as from JavaScript

  it.each<[message: string, make: () => unknown]>([
    ['laws.operator(make): expected a function, got 5', () => laws.operator(bad(5), { bound: 1 })],
    ['laws.operator(make, options): expected an object, got undefined', () => laws.operator(pool, bad(undefined))],
    ['laws.operator(make, { bound }): expected a whole number from 0 up, got undefined', () => laws.operator(pool, bad({}))],
    ['laws.operator(make, { bound }): expected a whole number from 0 up, got -1', () => laws.operator(pool, { bound: -1 })],
    ['laws.operator(make, { schedules }): expected a whole number from 1 up, got 0', () => laws.operator(pool, { bound: 2, schedules: 0 })],
    ['laws.source(make): expected a function, got undefined', () => laws.source(bad(undefined))],
    ['laws.source(make, { many }): expected a whole number from 1 up, got NaN', () => laws.source(() => NEVER, { many: NaN })],
    ['laws.sink(make): expected a function, got null', () => laws.sink(bad(null))],
    ['laws.channel(make): expected a function, got "x"', () => laws.channel(bad('x'))],
    ['laws.channel(make, { capacities }): expected one capacity or more, got ', () => laws.channel(chan, { capacities: [] })],
    ['laws.channel(make, { capacities }): expected a whole number from 0 up, got 1.5', () => laws.channel(chan, { capacities: [1.5] })],
  ])('%s', (message, make) => {
    expect(make).toThrow(message)
  })

  it.each<[message: string, law: Law]>([
    ['laws.source(make): make returns: expected an Observable, got 5', laws.source(() => bad(5))[0]],
    ['laws.operator(make): make returns: expected an operator, got 5', laws.operator(() => bad(5), { bound: 1 })[0]],
    [
      'laws.operator(make): make returns: expected an operator that returns an Observable, got null',
      laws.operator(() => () => bad(null), { bound: 1 })[0],
    ],
    ['laws.sink(make): make returns: expected a goroutine, a promise or an operation, got undefined', laws.sink(() => bad(undefined))[0]],
    ['laws.channel(make): make returns: expected a channel, got ', laws.channel(() => bad({}))[0]],
  ])('%s', async (message, law) => {
    expect((await broken(law.check())).message).toContain(message)
  })
})
