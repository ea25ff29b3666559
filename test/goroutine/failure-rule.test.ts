/** Every way of giving work up, with every kind of failure, in every kind of body: which failures are crashes, and which are late. */
import {
  background,
  backoff,
  CanceledError,
  chan,
  DeadlineExceededError,
  errgroup,
  go,
  never,
  onCrash,
  onLateFailure,
  scope,
  select,
  withCancel,
  withRetry,
  withTimeout,
  type CancelContext,
  type Goroutine,
  type Receiver,
} from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { performed, subscribed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'

let crashes: unknown[] = []
let late: unknown[] = []
let takeBack: (() => void)[] = []
beforeEach(() => {
  ;[crashes, late] = [[], []]
  takeBack = [onCrash((error) => crashes.push(error)), onLateFailure((error) => late.push(error))]
})
afterEach(() => takeBack.forEach((off) => off()))

/** A body that fails with what `fail` throws once the gate is closed. */
type Make = (gate: Receiver<never>, fail: () => never) => () => unknown
const bodies: Record<string, Make> = {
  'a generator': (gate, fail) =>
    function* () {
      yield* gate.receive()
      fail()
    },
  'a helper of a generator': (gate, fail) => {
    function* helper() {
      yield* gate.receive()
      fail()
    }
    return function* () {
      yield* helper()
    }
  },
  'an async function': (gate, fail) => async () => {
    await gate.receive()
    fail()
  },
  'a plain function that returns a promise': (gate, fail) => () => Promise.resolve(gate.receive()).then(fail),
  'a plain function that returns an operation': (gate, fail) => () => gate.receive().map(fail),
}

/** Gives up the goroutine; the gate opens after it. The ended context is there for echoes. */
type GiveUp = (goroutine: Goroutine<unknown>) => Promise<void> | void
const waysOfGivingUp: Record<string, GiveUp> = {
  'a join under a context that ends': async (goroutine) => {
    const ctx = withCancel(background)
    performed(goroutine.join().within(ctx))
    await settle()
    ctx.cancel()
  },
  'a select that chooses another case': async (goroutine) => {
    const other = chan<number>(1)
    performed(select({ end: goroutine.join(), other: other.receive() }))
    await settle()
    other.trySend(1)
  },
  'an unsubscribed join': async (goroutine) => {
    subscribed(goroutine.join()).leave()
    await settle()
  },
  'a joiner that is canceled': async (goroutine) => {
    const joiner = go(function* () {
      yield* goroutine.join()
    })
    await settle()
    joiner.cancel()
  },
}

const boom = new Error('boom')
const cause = new Error('shutdown')
const ended = withCancel(background)
ended.cancel(cause)
const plain = withCancel(background)
plain.cancel()
const aborted = (options?: { cause: unknown }) => Object.assign(new Error('aborted', options), { name: 'AbortError' })

const echoes: Record<string, unknown> = {
  CanceledError: new CanceledError(),
  DeadlineExceededError: new DeadlineExceededError(),
  'the cause of a context': cause,
  'the reason of the signal of a context': ended.signal.reason as unknown,
  'a cause that is no object': 'closing time',
  'an AbortError whose cause is the cause of a context': aborted({ cause }),
  'an AbortError whose cause is the error of a context': aborted({ cause: plain.signal.reason }),
  'an AbortError whose reason is the cause of a context': Object.assign(aborted(), { reason: cause }),
  'an AbortError with the signal of a context': Object.assign(aborted(), { signal: ended.signal }),
  'an AggregateError of echoes': new AggregateError([cause, new CanceledError()]),
}
withCancel(background).cancel('closing time')

const failures: Record<string, unknown> = {
  'an error': boom,
  undefined,
  'a string': 'boom',
  'an AbortError of another signal': aborted(),
  'an AggregateError with one failure': new AggregateError([cause, boom]),
  'a revoked proxy': revoked(),
  'an error that cannot be read': unreadable(),
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function unreadable(): unknown {
  return Object.defineProperty(new Error('hidden'), 'name', {
    get: () => {
      throw new Error('getter')
    },
  })
}

const same = (seen: readonly unknown[], error: unknown) => seen.length === 1 && Object.is(seen[0], error)

describe.each(Object.entries(bodies))('%s', (_, make) => {
  const start = (error: unknown) => {
    const gate = chan<never>()
    const goroutine = go(
      make(gate, () => {
        throw error
      }),
    )
    return { gate, goroutine }
  }

  describe.each(Object.entries(failures))('that fails with %s', (_, error) => {
    it('and that nobody gave up crashes', async () => {
      start(error).gate.close()
      await settle()
      expect(same(crashes, error)).toBe(true)
      expect(late).toHaveLength(0)
    })

    it.each(Object.entries(waysOfGivingUp))('and was given up by %s fails late', async (_, giveUp) => {
      const { gate, goroutine } = start(error)
      await settle()
      await giveUp(goroutine)
      await settle()
      gate.close()
      await settle()
      expect(crashes).toHaveLength(0)
      expect(same(late, error)).toBe(true)
    })

    it('and is canceled after that, in the same turn, fails late', async () => {
      const goroutine = go(() => {
        queueMicrotask(() => goroutine.cancel())
        throw error
      })
      await settle()
      expect(crashes).toHaveLength(0)
      expect(same(late, error)).toBe(true)
    })

    it('and is joined by another neither crashes nor fails late', async () => {
      const { gate, goroutine } = start(error)
      const join = performed(goroutine.join())
      await settle()
      await waysOfGivingUp['a joiner that is canceled'](goroutine)
      gate.close()
      await settle()
      expect(join.now.is).not.toBe('waiting')
      expect([...crashes, ...late]).toHaveLength(0)
    })
  })

  describe.each(Object.entries(echoes))('that throws %s', (_, error) => {
    it('neither crashes nor fails late, joined or not, given up or not', async () => {
      start(error).gate.close()
      for (const giveUp of Object.values(waysOfGivingUp)) {
        const { gate, goroutine } = start(error)
        await settle()
        await giveUp(goroutine)
        gate.close()
      }
      await settle()
      expect([...crashes, ...late]).toHaveLength(0)
    })
  })
})

describe('a canceled goroutine', () => {
  const unwinding = (_: Receiver<never>, error: unknown) =>
    function* () {
      try {
        yield* chan<never>().receive()
      } finally {
        throw error // eslint-disable-line no-unsafe-finally -- as a cleanup may
      }
    }
  const ignoring = (gate: Receiver<never>, error: unknown) => async () => {
    await gate.receive()
    throw error
  }

  describe.each([
    ['a generator whose cleanup throws', unwinding],
    ['an async function that throws later', ignoring],
  ])('%s', (_, make) => {
    const failAfterCancel = async (error: unknown, cause?: unknown) => {
      const gate = chan<never>()
      const goroutine = go(make(gate, error))
      await settle()
      goroutine.cancel(cause)
      await settle()
      gate.close()
      await settle()
      expect(crashes).toHaveLength(0)
    }

    it.each(Object.entries(failures).filter(([name]) => !name.startsWith('an AbortError')))('%s fails late', async (_, error) => {
      await failAfterCancel(error)
      expect(same(late, error)).toBe(true)
    })

    it('with the cause of the cancel, an echo, or any AbortError is silent', async () => {
      const own = new Error('called off')
      for (const error of [own, new CanceledError(), aborted()]) await failAfterCancel(error, own)
      expect(late).toHaveLength(0)
    })
  })
})

describe('a failure with an echo among its causes', () => {
  it('fails late: its context gave it up', async () => {
    const error = new Error('request failed', { cause: new DeadlineExceededError() })
    go(() => {
      throw error
    })
    await settle()
    expect(crashes).toHaveLength(0)
    expect(late).toEqual([error])
  })
})

describe('work under a context that ends', () => {
  const contexts: Record<string, () => CancelContext> = {
    cancel: () => withCancel(background),
    timeout: () => withTimeout(background, -1, cause),
  }
  it.each(Object.entries(contexts))('is no crash where it throws the cause (%s)', async (_, make) => {
    const ctx = make()
    go(function* () {
      yield* chan<never>().receive().within(ctx)
    })
    go(async () => {
      await chan<never>().receive().within(ctx)
    })
    go(async () => {
      await settle()
      ctx.signal.throwIfAborted()
    })
    await settle()
    ctx.cancel(new Error('over'))
    await settle()
    expect([...crashes, ...late]).toHaveLength(0)
  })
})

describe('a value without an identity', () => {
  const raise = (value: unknown): never => {
    throw value
  }

  it.each(['boom', 404, '', 0, NaN, true, null, undefined, Symbol('s')])(
    'that ended a group is a crash where other work throws it (%s)',
    async (value) => {
      const group = errgroup(background)
      group.go(() => raise(value))
      const wait = performed(group.wait())
      await settle()
      go(() => raise(value))
      go(async () => raise(value))
      await settle()
      expect(wait.now).toEqual(thrown(value))
      expect([crashes, late]).toEqual([[value, value], []])
    },
  )

  it.each(['boom', 404, NaN])('that ended a group is an echo where a wait under its context throws it (%s)', async (value) => {
    const group = errgroup(background)
    go(() => never().within(group.ctx))
    go(async () => never().within(group.ctx))
    go(scope(group.ctx, () => never()))
    go(withRetry(backoff(), () => raise(1), { ctx: group.ctx }))
    const inner = errgroup(group.ctx)
    inner.go(async (ctx) => never().within(ctx))
    group.go(() => inner.wait())
    await settle()
    group.go(() => raise(value))
    const wait = performed(group.wait())
    await settle()
    go(scope(group.ctx, () => never()))
    await settle()
    expect(wait.now).toEqual(thrown(value))
    expect([crashes, late]).toEqual([[], []])
  })

  it.each(['only there', 40_401])('that ended a group is no echo in a goroutine whose own wait did not throw it (%s)', async (value) => {
    const group = errgroup(background)
    go(() => never().within(group.ctx))
    await settle()
    group.go(() => raise(value))
    const wait = performed(group.wait())
    await settle()
    go(() => raise(value))
    await settle()
    expect(wait.now).toEqual(thrown(value))
    expect([crashes, late]).toEqual([[value], []])
  })

  it('given to a cancel is an echo wherever it is thrown', async () => {
    withCancel(background).cancel('shut down')
    go(() => raise('shut down'))
    await settle()
    expect([crashes, late]).toEqual([[], []])
  })
})
