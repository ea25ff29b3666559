import { none, some } from 'fp-ts/lib/Option.js'
import {
  after,
  CanceledError,
  chan,
  go,
  gosched,
  numGoroutine,
  onCrash,
  onLateFailure,
  range,
  select,
  withCancel,
  background,
  type Goroutine,
  type Op,
} from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Task } from '../../src/runtime/goroutine/task.js'
import { done, performed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'
import { nobody, waitersOf } from '../support/waiters.js'

const cause = new Error('called off')
const canceled = thrown(expect.objectContaining({ name: 'CanceledError', message: 'context canceled', cause }))

const crashes: unknown[] = []
let off = (): void => {}
beforeEach(() => {
  crashes.length = 0
  off = onCrash((error) => crashes.push(error))
})
afterEach(() => {
  off()
  expect(crashes).toEqual([])
})

/** Performs `op` in a body that keeps a log. */
function logging<T>(log: unknown[], op: Op<T>): Goroutine<string> {
  return go(function* () {
    try {
      log.push('before')
      const value = yield* op
      log.push(value)
      yield* gosched()
      log.push('after')
    } catch (error) {
      log.push(['caught', error])
    } finally {
      log.push('finally')
    }
    return 'end'
  })
}

describe('cancel', () => {
  it('before the start: the body never runs', async () => {
    const log: unknown[] = []
    const bodies = [
      () => void log.push('plain'),
      async () => void log.push('async'),
      function* () {
        log.push('generator')
      },
    ]
    for (const body of bodies) {
      const goroutine = go<[], unknown>(body)
      const join = performed(goroutine.join())
      goroutine.cancel(cause)
      await settle()
      expect(join.now).toEqual(canceled)
    }
    expect(log).toEqual([])
  })

  it('while parked: at once, the finally blocks run, the catch blocks do not see it', async () => {
    const log: unknown[] = []
    const ch = chan<number>()
    const goroutine = logging(log, ch.receive())
    const join = performed(goroutine.join())
    await settle()
    goroutine.cancel(cause)
    expect(waitersOf(ch)).toEqual(nobody) // a send after the cancel reaches no canceled receiver
    await settle()
    expect(log).toEqual(['before', 'finally'])
    expect(join.now).toEqual(canceled)
  })

  it('while granted: the granted result is delivered first, and the next operation is not performed', async () => {
    const log: unknown[] = []
    const ch = chan<number>()
    const goroutine = logging(log, ch.receive())
    const join = performed(goroutine.join())
    await settle()
    expect(ch.trySend(1)).toBe(true)
    goroutine.cancel(cause)
    await settle()
    expect(log).toEqual(['before', some(1), 'finally'])
    expect(join.now).toEqual(canceled)
  })

  it('while granted an error: that error is thrown first, and catch blocks see it', async () => {
    const log: unknown[] = []
    const ch = chan<number>()
    const goroutine = logging(log, ch.receive())
    await settle()
    ch.close(cause)
    goroutine.cancel()
    const join = performed(goroutine.join())
    await settle()
    expect(log).toEqual(['before', ['caught', cause], 'finally'])
    expect(join.now).toEqual(done('end')) // no operation followed
  })

  it('while it has yielded: it runs to its next operation', async () => {
    const log: unknown[] = []
    const goroutine: Goroutine<string> = logging(log, gosched())
    go(() => goroutine.cancel(cause))
    const join = performed(goroutine.join())
    await settle()
    expect(log).toEqual(['before', undefined, 'finally'])
    expect(join.now).toEqual(canceled)
  })

  it('from within: takes effect at the next operation, even a ready one that was performed before', async () => {
    const log: unknown[] = []
    const ch = chan<string>(2)
    ch.trySend('first')
    ch.trySend('second')
    const receive = ch.receive()
    const self: Goroutine<void> = go(function* () {
      try {
        log.push(yield* receive)
        self.cancel(cause)
        log.push('still here')
        log.push(yield* receive)
      } finally {
        log.push('finally')
      }
    })
    const join = performed(self.join())
    await settle()
    expect(log).toEqual([some('first'), 'still here', 'finally'])
    expect(join.now).toEqual(canceled)
    expect(ch.size).toBe(1)
  })

  it('from within, by a goroutine that performs no more operations: has no effect', async () => {
    const self: Goroutine<string> = go(function* () {
      yield* gosched()
      self.cancel(cause)
      return 'end'
    })
    const join = performed(self.join())
    await settle()
    expect(join.now).toEqual(done('end'))
  })

  it('from within a plain function that then returns a generator: the generator never runs', async () => {
    const log: unknown[] = []
    const self: Goroutine<unknown> = go(() => {
      self.cancel(cause)
      return (function* () {
        log.push('body')
        yield* chan().receive()
      })()
    })
    const join = performed(self.join())
    const before = numGoroutine()
    await settle()
    expect(log).toEqual([])
    expect(join.now).toEqual(canceled)
    expect(numGoroutine()).toBe(before - 2) // it and its joiner have ended
  })

  it('during the poll of an operation that then would wait: the goroutine does not wait', async () => {
    const ctx = withCancel(background)
    const meddling = { ...own(ctx), err: () => (goroutine.cancel(cause), none) }
    const ch = chan<number>()
    const goroutine: Goroutine<unknown> = go(function* () {
      yield* ch.receive().within(meddling)
    })
    const join = performed(goroutine.join())
    await settle()
    expect(join.now).toEqual(canceled)
    expect(waitersOf(ch)).toEqual(nobody)
  })

  it('twice: the first cause stands', async () => {
    const goroutine = go(() => chan().receive())
    const unwound = go(function* () {
      yield* chan().receive()
    })
    const joins = [performed(goroutine.join()), performed(unwound.join())]
    await settle()
    for (const one of [goroutine, unwound]) {
      one.cancel(cause)
      one.cancel('again')
    }
    await settle()
    expect(joins.map(({ now }) => now)).toEqual([canceled, canceled])
  })

  it('during the unwinding: is ignored, and the cleanup continues', async () => {
    const gate = chan<string>()
    const log: unknown[] = []
    const goroutine = go(function* () {
      try {
        yield* chan().receive()
      } finally {
        log.push(yield* gate.receive())
        log.push(yield* gate.receive())
      }
    })
    const join = performed(goroutine.join())
    await settle()
    goroutine.cancel(cause)
    await settle()
    for (const value of ['one', 'two']) {
      goroutine.cancel('again')
      expect(gate.trySend(value)).toBe(true)
      goroutine.cancel('and again')
      await settle()
    }
    expect(log).toEqual([some('one'), some('two')])
    expect(join.now).toEqual(canceled)
  })

  it('after the end: changes nothing', async () => {
    const returned = go(() => 42)
    const failed = go(() => Promise.reject(cause))
    const joins = [performed(returned.join()), performed(failed.join())]
    await settle()
    returned.cancel()
    failed.cancel()
    expect(await returned.join()).toBe(42)
    expect(joins.map(({ now }) => now)).toEqual([done(42), thrown(cause)])
  })

  it('without a cause: the error has none', async () => {
    const goroutine = go(() => {})
    goroutine.cancel()
    const error: unknown = await goroutine
      .join()
      .attempt()
      .then((it) => (it._tag === 'Left' ? it.left : null))
    expect(error).toBeInstanceOf(CanceledError)
    expect(error).not.toHaveProperty('cause')
  })
})

/** A context that a user writes around a Millrace context. */
function own(ctx: ReturnType<typeof withCancel>) {
  return {
    done: () => ctx.done(),
    err: () => ctx.err(),
    cause: () => ctx.cause(),
    deadline: () => ctx.deadline(),
    value: () => none,
    signal: ctx.signal,
  }
}

describe('a canceled goroutine leaves', () => {
  it.each<[string, (op: Op<unknown>, other: Op<unknown>) => Op<unknown>]>([
    ['a plain operation', (op) => op],
    ['a select', (op, other) => select({ op, other })],
    ['a select in a select', (op, other) => select({ inner: select({ op }), other })],
    ['map', (op) => op.map((value) => value)],
    ['attempt', (op) => op.attempt()],
    ['within', (op) => op.within(withCancel(background))],
  ])('every queue in which it waits, through %s', async (_, wrap) => {
    const [a, b] = [chan<number>(), chan<number>()]
    const goroutine = go(function* () {
      yield* wrap(a.receive(), b.send(1))
    })
    await settle()
    expect(waitersOf(a).receivers).toBe(1)
    goroutine.cancel()
    expect([waitersOf(a), waitersOf(b)]).toEqual([nobody, nobody])
    await settle()
  })

  it('the heap of timers', async () => {
    using clock = virtualTime()
    const sleepers = [
      go(() => after(1000)),
      go(function* () {
        yield* after(1000)
      }),
    ]
    await settle()
    expect(clock.waiting).toBe(2)
    sleepers[1].cancel()
    expect(clock.waiting).toBe(1)
    await clock.advance(1000)
  })

  it('the goroutine that it joins', async () => {
    const inner = go(function* () {
      yield* chan().receive()
    }) as Task<void>
    const outer = go(function* () {
      yield* inner.join()
    })
    await settle()
    expect(inner.joiners.first).not.toBeNull()
    outer.cancel()
    expect(inner.joiners.first).toBeNull()
    await settle()
  })

  it('a range', async () => {
    const ch = chan<number>()
    const seen: number[] = []
    const goroutine = go(function* () {
      for (const it = range(ch); yield* it.next();) seen.push(it.value)
    })
    await settle()
    ch.trySend(1)
    goroutine.cancel()
    await settle()
    expect(seen).toEqual([1])
    expect(waitersOf(ch)).toEqual(nobody)
  })
})

describe('cancel of an async function', () => {
  it('settles the joiners at once, and lets the function run to its end', async () => {
    const log: unknown[] = []
    const gate = chan<number>()
    const before = numGoroutine()
    const goroutine = go(async () => {
      try {
        log.push(await gate.receive())
        return 'result'
      } finally {
        log.push('finally')
      }
    })
    await settle()
    goroutine.cancel(cause)
    const late = performed(goroutine.join())
    await settle()
    expect(late.now).toEqual(canceled)
    expect(log).toEqual([])
    expect(numGoroutine()).toBe(before + 1)

    expect(gate.trySend(1)).toBe(true)
    await settle()
    expect(log).toEqual([some(1), 'finally'])
    expect(numGoroutine()).toBe(before)
    const later = performed(goroutine.join())
    await settle()
    expect(later.now).toEqual(canceled)
  })

  it('reports an error that it throws later as a late failure, unless it is the cause of the cancel', async () => {
    const late: unknown[] = []
    const off = onLateFailure((error) => late.push(error))
    const [gate, other] = [chan<never>(), new Error('connection lost')]
    for (const error of [cause, other]) {
      const goroutine = go(async () => {
        await gate.receive()
        throw error
      })
      const join = performed(goroutine.join())
      await settle()
      goroutine.cancel(cause)
      await settle()
      expect(join.now).toEqual(canceled)
    }
    expect(late).toEqual([])
    gate.close()
    await settle()
    expect(late).toEqual([other])
    off()
  })
})
