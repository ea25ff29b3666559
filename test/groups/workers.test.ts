import { describe, expect, it } from 'vitest'
import {
  background,
  chan,
  go,
  gosched,
  numGoroutine,
  range,
  select,
  sleep,
  withCancel,
  workers,
  type Receiver,
  type Sender,
} from 'millrace'
import { performed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'

function* feed(to: Sender<number>, n: number) {
  for (let i = 0; i < n; i++) yield* to.send(i)
  to.close()
}

function jobsTo(n: number): Receiver<number> {
  const jobs = chan<number>()
  go(feed, jobs, n)
  return jobs
}

/** All results, and the error that ended them, if any. */
function collect<T>(from: Receiver<T>): { values: T[]; end: unknown } {
  const seen: { values: T[]; end: unknown } = { values: [], end: 'none yet' }
  go(function* () {
    try {
      for (const it = range(from); yield* it.next();) seen.values.push(it.value)
      seen.end = 'closed'
    } catch (cause) {
      seen.end = cause
    }
  })
  return seen
}

const square = (n: number) => n * n
const kinds: [string, (n: number) => Generator<never, number> | Promise<number> | number][] = [
  ['a generator', function* (n) {
    yield* gosched()
    return square(n)
  }],
  ['an async function', async (n) => {
    await Promise.resolve()
    return square(n)
  }],
  ['a plain function', square],
] // prettier-ignore

describe('workers', () => {
  it.each(kinds)('every job has its result, and the results end with the jobs: %s', async (_, fn) => {
    const before = numGoroutine()
    const seen = collect(workers(3, jobsTo(100), fn))
    await settle()
    expect(seen.values.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => square(i)))
    expect(seen.end).toBe('closed')
    expect(numGoroutine()).toBe(before)
  })

  it('runs exactly n jobs at a time', async () => {
    const gate = chan<void>()
    let [active, most] = [0, 0]
    const seen = collect(
      workers(5, jobsTo(50), function* (n) {
        most = Math.max(most, ++active)
        yield* gate.receive()
        active--
        return n
      }),
    )
    await settle()
    expect(active).toBe(5)
    gate.close()
    await settle()
    expect(seen.values).toHaveLength(50)
    expect(most).toBe(5)
  })

  it('takes no more jobs than it has room for results that nobody receives', async () => {
    let taken = 0
    const results = workers(3, jobsTo(50), (n) => {
      taken++
      return n
    })
    await settle()
    expect(taken).toBe(3)
    await results.receive()
    await settle()
    expect(taken).toBe(4)
  })

  it('the first throw closes the results with it, the others are unwound, and no more jobs are taken', async () => {
    const before = numGoroutine()
    const boom = new Error('boom')
    const jobs = chan<number>(20)
    for (let i = 0; i < 20; i++) jobs.trySend(i)
    const log: string[] = []
    const seen = collect(
      workers(3, jobs, function* (n) {
        if (n === 4) throw boom
        if (n % 2 === 0) return n
        try {
          yield* select({})
        } finally {
          log.push(`unwound ${n}`)
        }
        return n
      }),
    )
    await settle()
    expect({ ...seen, values: [...seen.values].sort() }).toEqual({ values: [0, 2], end: boom }) // between workers no order is promised
    expect(log.sort()).toEqual(['unwound 1', 'unwound 3'])
    expect(jobs.size).toBe(20 - 5)
    expect(numGoroutine()).toBe(before)
  })

  it('an async function has a context that ends when the workers stop', async () => {
    const boom = new Error('boom')
    const reasons: unknown[] = []
    const seen = collect(
      workers(2, jobsTo(2), async (n, ctx) => {
        if (n === 1) throw boom
        ctx.signal.addEventListener('abort', () => reasons.push(ctx.signal.reason))
        await select({})
        return n
      }),
    )
    await settle()
    expect(seen.end).toBe(boom)
    expect(reasons).toEqual([boom])
  })

  it('the end of the context stops them, and the results end with its cause', async () => {
    const before = numGoroutine()
    using ctx = withCancel(background)
    const jobs = chan<number>()
    const seen = collect(workers(2, jobs, sleep, { ctx }))
    await settle()
    const cause = new Error('enough')
    ctx.cancel(cause)
    await settle()
    expect(seen.end).toBe(cause)
    expect(numGoroutine()).toBe(before)

    const late = performed(workers(2, jobs, square, { ctx }).receive())
    await settle()
    expect(late.now).toEqual(thrown(cause))
  })

  it('the cause of the close follows the results of the jobs that were taken', async () => {
    const [jobs, cause] = [chan<number>(2), new Error('no more')]
    jobs.trySend(1)
    jobs.trySend(2)
    jobs.close(cause)
    const seen = collect(workers(3, jobs, (job) => gosched().map(() => job * 10)))
    await settle()
    expect({ values: seen.values.toSorted((a, b) => a - b), end: seen.end }).toEqual({ values: [10, 20], end: cause }) // workers end in any order
  })

  it('jobs closed with a cause end the results with it', async () => {
    const jobs = chan<number>(1)
    await jobs.send(3)
    const cause = new Error('no more')
    jobs.close(cause)
    const seen = collect(workers(2, jobs, square))
    await settle()
    expect(seen).toEqual({ values: [9], end: cause })
  })

  it('rejects invalid arguments', () => {
    const jobs = chan<number>()
    for (const n of [0, 1.5, -1, NaN, Infinity, '3'])
      expect(() => workers(n as number, jobs, square)).toThrow('workers(n, jobs, fn): n: expected a whole number from 1 up, got ')
    expect(() => workers(1, jobs, 1 as never)).toThrow('workers(n, jobs, fn): fn: expected a function, got 1')
    expect(() => workers(1, {} as never, square)).toThrow('expected a Receiver')
    expect(() => workers(1, jobs, square, { ctx: {} as never })).toThrow('expected a Context')
  })
})

it('a throw of undefined is no good end', async () => {
  for (const throwIt of [
    () => Promise.reject(undefined),
    () => {
      throw undefined
    },
  ]) {
    const seen = collect(workers(1, jobsTo(5), (job) => (job === 3 ? throwIt() : job)))
    await settle()
    expect(seen).toEqual({ values: [0, 1, 2], end: new Error('undefined was thrown') })
  }
})
