/** A clean-up on the normal path of a body, and a cancel that arrives while it runs. */
import {
  background,
  chan,
  cond,
  errgroup,
  go,
  gosched,
  mutex,
  numGoroutine,
  onCrash,
  onLateFailure,
  uncancelable,
  withCancel,
  type Goroutine,
} from 'millrace'
import { explore } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { performed, thrownError } from '../support/outcome.js'
import { settle } from '../support/settle.js'

function* steps(log: string[], ...names: string[]) {
  for (const name of names) {
    yield* gosched()
    log.push(name)
  }
  return names.length
}

function* transaction(log: string[]) {
  try {
    yield* gosched()
  } finally {
    yield* uncancelable(steps(log, 'rollback', 'release'))
  }
  yield* gosched()
  log.push('next')
}

describe('uncancelable', () => {
  it('results in the result of its routine, an operation or a generator, and hands on its throw', async () => {
    const ch = chan<number>(1)
    ch.trySend(7)
    const body = function* () {
      const [received, n] = [yield* uncancelable(ch.receive()), yield* uncancelable(steps([], 'a', 'b'))]
      return [received, n]
    }
    expect(await go(body).join()).toEqual([{ _tag: 'Some', value: 7 }, 2])
    const failing = go(function* () {
      yield* uncancelable(
        (function* () {
          yield* gosched()
          throw new Error('boom')
        })(),
      )
    })
    await expect(failing.join()).rejects.toThrow('boom')
  })

  it('whenever the cancel arrives, a clean-up that has begun ends, and nothing follows it', async () => {
    let interrupted = 0
    await explore(
      function* () {
        const log: string[] = []
        const goroutine = go(transaction, log)
        const canceler = go(function* () {
          yield* gosched()
          goroutine.cancel()
        })
        yield* canceler.join()
        const end = yield* goroutine.join().attempt()
        if (log.length === 1 || (log.length === 0 && end._tag === 'Right')) throw new Error(`cut: ${log.join()}`)
        if (end._tag === 'Left' && log.length === 2) interrupted++
      },
      { strategy: 'exhaustive', unperformed: false },
    )
    expect(interrupted).toBeGreaterThan(0)
  })

  it('of a member of a group whose sibling fails ends its clean-up', async () => {
    const log: string[] = []
    const group = errgroup(background)
    group.go(() => transaction(log))
    group.go(function* () {
      yield* gosched()
      yield* gosched()
      throw new Error('sibling failed')
    })
    const wait = performed(group.wait())
    await settle()
    expect(wait.now).toEqual(thrownError('sibling failed'))
    expect(log.slice(0, 2)).toEqual(['rollback', 'release'])
  })

  it('nested, holds the cancel until the outermost has ended', async () => {
    const log: string[] = []
    const gate = chan<never>()
    const goroutine = go(function* () {
      yield* uncancelable(
        (function* () {
          yield* uncancelable(gate.receive())
          yield* steps(log, 'still here')
        })(),
      )
      log.push('after')
      yield* gosched()
      log.push('not reached')
    })
    await settle()
    goroutine.cancel()
    gate.close()
    await settle()
    expect(log).toEqual(['still here', 'after'])
    await expect(goroutine.join()).rejects.toThrow('context canceled')
  })

  it('also holds a cancel that was due when it began: a canceled waiter of a condition, whose context ends, holds its lock again', async () => {
    const mu = mutex()
    const filled = cond(mu)
    const group = errgroup(background)
    let held = false
    group.go(function* (ctx) {
      yield* mu.lock()
      try {
        for (;;) yield* filled.wait(ctx)
      } finally {
        held = !mu.tryLock()
        mu.unlock()
      }
    })
    group.go(function* () {
      yield* gosched()
      throw new Error('sibling failed')
    })
    const wait = performed(group.wait())
    await settle()
    expect(wait.now).toEqual(thrownError('sibling failed'))
    expect(held).toBe(true)
  })

  it('a wait on a condition that is canceled twice over returns with its lock', async () => {
    const mu = mutex()
    const filled = cond(mu)
    const ctx = withCancel(background)
    let held = false
    const waiter: Goroutine<void> = go(function* () {
      yield* mu.lock()
      try {
        yield* filled.wait(ctx)
      } finally {
        held = !mu.tryLock()
        mu.unlock()
      }
    })
    await settle()
    expect(mu.tryLock()).toBe(true)
    ctx.cancel()
    await settle()
    waiter.cancel()
    await settle()
    mu.unlock()
    await settle()
    expect(held).toBe(true)
    expect(mu.tryLock()).toBe(true)
    await waiter.join().attempt()
  })

  it.each([null, undefined, 1, {}, 'text', function* () {}])('of %s, which cannot be performed, throws at the call', (routine) => {
    expect(() => uncancelable(routine as never)).toThrow('uncancelable(routine): expected an operation, a job or a generator, got ')
  })

  it('outside a goroutine throws', () => {
    expect(() => uncancelable(gosched() as never).next()).toThrow('outside a goroutine')
  })
})

describe('a goroutine that was cut off', () => {
  it('never reports success: a caller that catches what a helper throws on the way out was cut off as well', async () => {
    function* closing(waits: boolean) {
      try {
        yield* chan<never>().receive()
      } finally {
        if (waits) yield* gosched()
        throw new Error('close failed') // eslint-disable-line no-unsafe-finally -- as a cleanup may
      }
    }
    function* careful(waits: boolean) {
      try {
        yield* closing(waits)
      } catch {
        return 'was logged'
      }
    }
    for (const waits of [false, true]) {
      const goroutine = go(function* () {
        yield* careful(waits)
        return 42
      })
      const join = performed(goroutine.join())
      await settle()
      goroutine.cancel()
      await settle()
      expect(join.now).toEqual(thrownError('context canceled'))
    }
  })
})

/** Programs of two goroutines and a group, with a cancel at a random step. */
it('a random cancel leaves nothing behind, crashes nothing, and each failure that nobody sees is late', async () => {
  let [crashes, late, cuts] = [0, 0, 0]
  await explore(
    function* () {
      const takeBack = [onCrash(() => void crashes++), onLateFailure(() => void late++)]
      try {
        const log: string[] = []
        const ctx = withCancel(background)
        const failing = go(function* () {
          try {
            yield* steps(log, 'a', 'b')
          } finally {
            yield* uncancelable(steps(log, 'c', 'd'))
          }
          throw new Error('own failure')
        })
        const worker = go(function* () {
          yield* chan<never>().receive().within(ctx)
        })
        const canceler = go(function* () {
          yield* gosched()
          failing.cancel()
          ctx.cancel(new Error('over'))
        })
        yield* failing.join().within(ctx).attempt()
        yield* canceler.join()
        const end = yield* failing.join().attempt()
        if (end._tag === 'Right') throw new Error('a goroutine that fails or is canceled has succeeded')
        if (log.includes('c') !== log.includes('d')) cuts++
        yield* worker.join().attempt()
      } finally {
        for (const off of takeBack) off()
      }
    },
    { schedules: 2000, unperformed: false },
  )
  expect([crashes, cuts]).toEqual([0, 0])
  expect(numGoroutine()).toBe(0)
  expect(late).toBeGreaterThanOrEqual(0)
})
