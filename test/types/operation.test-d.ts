// The inferred types of operations, selects and goroutines. Checked by tsc, never run.
/* eslint-disable @typescript-eslint/no-unsafe-call -- what does not type-check is what is tested */
import type { Either } from 'fp-ts/lib/Either.js'
import type { Option } from 'fp-ts/lib/Option.js'
import {
  after,
  background,
  chan,
  choose,
  dropping,
  go,
  never,
  select,
  sleep,
  sliding,
  trySelect,
  withCancel,
  type Buffer,
  type Chan,
  type Context,
  type Goroutine,
  type Op,
} from 'millrace'
import { from, type Observable } from 'rxjs'
import { describe, expectTypeOf, it } from 'vitest'

const jobs = chan<number>()
const names = chan<string>()

describe('an operation', () => {
  it('has one result, whichever way it is performed', () => {
    go(function* () {
      expectTypeOf(yield* jobs.receive()).toEqualTypeOf<Option<number>>()
    })
    expectTypeOf<Awaited<Op<number>>>().toEqualTypeOf<number>()
    expectTypeOf(from(jobs.receive())).toEqualTypeOf<Observable<Option<number>>>()
    expectTypeOf(from(jobs)).toEqualTypeOf<Observable<number>>()
  })

  it('types map, within and attempt', () => {
    expectTypeOf(jobs.receive().map(String)).toEqualTypeOf<Op<string>>()
    expectTypeOf(jobs.receive().within(background)).toEqualTypeOf<Op<Option<number>>>()
    expectTypeOf(jobs.send(1).attempt()).toEqualTypeOf<Op<Either<unknown, void>>>()
    expectTypeOf(jobs.send(1).attempt((cause) => new TypeError(String(cause)))).toEqualTypeOf<Op<Either<TypeError, void>>>()
    // @ts-expect-error a signal is no context
    void never().within(new AbortController().signal)
    // @ts-expect-error f takes the result
    void jobs.receive().map((n: number) => n)
  })

  it('is not yielded without its star, and nothing else is', () => {
    // @ts-expect-error the star is missing
    go(function* () {
      yield jobs.receive()
    })
    // @ts-expect-error not an operation
    go(function* () {
      yield 1
    })
  })

  it('sends values of its type', () => {
    // @ts-expect-error not a number
    void jobs.send('x')
    // @ts-expect-error nothing is no number
    void jobs.send()
    expectTypeOf(chan<void>().send()).toEqualTypeOf<Op<void>>()
  })
})

describe('select', () => {
  it('returns a union that a switch narrows', () => {
    go(function* () {
      const maybe = undefined as Chan<string> | undefined
      const r = yield* select({
        job: jobs.receive(),
        sent: names.send('x'),
        timeout: after(1000),
        off: false,
        user: Promise.resolve(new Date()),
        nil: maybe?.receive(),
        end: withCancel(background).done(),
        worker: go(() => 7).join(),
      })
      expectTypeOf(r.case).toEqualTypeOf<'job' | 'sent' | 'timeout' | 'off' | 'user' | 'nil' | 'end' | 'worker'>()
      switch (r.case) {
        case 'job':
          return expectTypeOf(r.value).toEqualTypeOf<Option<number>>()
        case 'sent':
          return expectTypeOf(r.value).toEqualTypeOf<void>()
        case 'timeout':
          return expectTypeOf(r.value).toEqualTypeOf<void>()
        case 'off':
          return expectTypeOf(r.value).toEqualTypeOf<never>()
        case 'user':
          return expectTypeOf(r.value).toEqualTypeOf<Date>()
        case 'nil':
          return expectTypeOf(r.value).toEqualTypeOf<Option<string>>()
        case 'end':
          return expectTypeOf(r.value).toEqualTypeOf<void>()
        case 'worker':
          return expectTypeOf(r.value).toEqualTypeOf<number>()
      }
    })
  })

  it('of an array returns the index', () => {
    go(function* () {
      expectTypeOf(yield* select([jobs.receive(), null, jobs.receive()])).toEqualTypeOf<{ case: number; value: Option<number> }>()
    })
  })

  it('trySelect returns an Option', () => {
    const now = trySelect({ job: jobs.receive() })
    if (now._tag === 'Some') expectTypeOf(now.value).toEqualTypeOf<{ case: 'job'; value: Option<number> }>()
    // @ts-expect-error there may be none
    void now.value
  })

  it('rejects a value that is not an operation', () => {
    // @ts-expect-error a number is no case
    void select({ job: 1 })
    // @ts-expect-error a channel is no operation
    void select({ job: jobs })
    // @ts-expect-error a promise is no operation of choose
    void choose(Promise.resolve(1))
    // @ts-expect-error the option is called biased
    void select({ job: jobs.receive() }, { fair: true })
  })

  it('choose returns the union of the values, and never adds nothing to it', () => {
    go(function* () {
      const first = yield* choose(
        sleep(5).map(() => 'late' as const),
        jobs.receive(),
        never(),
      )
      expectTypeOf(first).toEqualTypeOf<'late' | Option<number>>()
    })
  })

  it('nests', () => {
    go(function* () {
      const r = yield* select({ inner: select({ a: jobs.receive(), b: names.receive() }), c: sleep(1) })
      if (r.case === 'inner')
        expectTypeOf(r.value).toEqualTypeOf<{ case: 'a'; value: Option<number> } | { case: 'b'; value: Option<string> }>()
    })
  })
})

it('a goroutine is no promise, and its join is an operation of its result', () => {
  const handle = go(function* (n: number) {
    yield* sleep(n)
    return String(n)
  }, 1)
  expectTypeOf(handle).toEqualTypeOf<Goroutine<string>>()
  expectTypeOf(handle.join()).toEqualTypeOf<Op<string>>()
  // @ts-expect-error a handle is no promise
  handle.then(() => {})
  // @ts-expect-error the argument is a number
  go(function* (n: number) { return n }, 'x') // prettier-ignore
})

it('a buffer serves a channel of its type', () => {
  expectTypeOf(sliding<number>(1)).toEqualTypeOf<Buffer<number>>()
  expectTypeOf(chan(dropping<string>(1))).toEqualTypeOf<Chan<string>>()
  expectTypeOf(chan<number>(sliding(1))).toEqualTypeOf<Chan<number>>()
  // @ts-expect-error a capacity is a number
  chan<number>('1')
})

it('a context handed on cannot be canceled', () => {
  const ctx: Context = withCancel(background)
  // @ts-expect-error only its maker's view has cancel
  ctx.cancel()
})
