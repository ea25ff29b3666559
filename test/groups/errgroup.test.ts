import { describe, expect, it } from 'vitest'
import {
  background,
  chan,
  errgroup,
  go,
  gosched,
  numGoroutine,
  onLateFailure,
  pool,
  range,
  select,
  setProbe,
  sleep,
  withCancel,
  withTimeout,
  withValue,
  contextKey,
  type Chan,
  type Context,
  type Goroutine,
  type Receiver,
} from 'millrace'
import { few, survivorsOf } from '../support/survivors.js'
import { done, performed, thrown, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

const e1 = new Error('first')
const e2 = new Error('second')

function* fails(error: unknown) {
  yield* gosched()
  throw error
}

describe('errgroup', () => {
  it.each([
    { errors: [], seen: [] },
    { errors: [null], seen: [null] },
    { errors: [e1], seen: [e1] },
    { errors: [e1, null], seen: [e1, e1] },
    { errors: [e1, null, e2], seen: [e1, e1, e1] },
  ])('EG-001 the first error stays, whatever follows: $errors', async ({ errors, seen }) => {
    const group = errgroup()
    for (const [i, error] of errors.entries()) {
      group.go(function* () {
        if (error !== null) yield* fails(error)
      })
      const wait = performed(group.wait())
      await settle()
      expect(wait.now).toEqual(seen[i] === null ? done(undefined) : thrown(seen[i]))
    }
    expect(group.failures).toEqual(errors.filter((error) => error !== null))
  })

  it.each([{ errors: [] }, { errors: [null] }, { errors: [e1] }, { errors: [null, e1, e2] }])(
    "EG-002 the group's context has ended after wait: $errors",
    async ({ errors }) => {
      const group = errgroup(background)
      for (const error of errors)
        group.go(async () => {
          if (error !== null) throw error
        })
      expect(group.ctx.err()._tag).toBe('None')
      const wait = performed(group.wait())
      await settle()
      expect(wait.now).toEqual(errors.includes(e1) ? thrown(e1) : done(undefined))
      expect(group.ctx.err()._tag).toBe('Some')
    },
  )

  it('EG-003 the cause of that end is the first error, or Canceled', async () => {
    const failing = errgroup(background)
    failing.go(() => fails(e1))
    const wait = performed(failing.wait())
    const fine = errgroup(background)
    fine.go(function* () {})
    await fine.wait()
    await settle()
    expect(wait.now).toEqual(thrown(e1))
    expect(failing.ctx.cause()).toEqual({ _tag: 'Some', value: e1 })
    expect(failing.ctx.err()).toMatchObject({ value: { message: 'context canceled' } })
    expect(fine.ctx.cause()).toMatchObject({ value: { name: 'CanceledError' } })
  })

  it('EG-004 tryGo refuses past the limit and works again after', async () => {
    const group = errgroup()
    group.setLimit(42)
    const gate = chan<void>()
    function* blocked() {
      yield* gate.receive()
    }
    for (let i = 0; i < 42; i++) expect(group.tryGo(blocked)).toBe(true)
    expect(group.tryGo(blocked)).toBe(false)
    gate.close()
    await group.wait()
    expect(group.tryGo(blocked)).toBe(true)
    await group.wait()
  })

  it('EG-006 the limit holds for a thousand jobs', async () => {
    const group = errgroup(background)
    group.setLimit(10)
    const gate = chan<void>()
    let [active, most, ran] = [0, 0, 0]
    for (let i = 0; i < 1025; i++)
      group.go(function* () {
        most = Math.max(most, ++active)
        yield* gate.receive()
        active--
        ran++
      })
    await settle()
    expect(active).toBe(10)
    gate.close()
    await group.wait()
    expect(most).toBe(10)
    expect(ran).toBe(1025)
  })

  it('EG-009 the first error is the earliest in time; wait still waits for all', async () => {
    using clock = virtualTime()
    const group = errgroup(background)
    const start = clock.now()
    const failures = [30, 10, 20].map((ms) => new Error(`after ${ms}`))
    // Async functions, since generators would be unwound.
    for (const [i, ms] of [30, 10, 20].entries())
      group.go(async () => {
        await sleep(ms)
        throw failures[i]
      })
    let ended: unknown
    go(function* () {
      yield* group.ctx.done()
      ended = [clock.now() - start, group.ctx.cause()]
    })
    const wait = performed(group.wait())
    await clock.advance(29)
    expect(ended).toEqual([10, { _tag: 'Some', value: failures[1] }])
    expect(wait.now).toEqual(waiting)
    await clock.advance(1)
    await settle()
    expect(wait.now).toEqual(thrown(failures[1]))
    expect(group.failures).toEqual([failures[1], failures[2], failures[0]])
  })

  it('EG-012 a group without context cancels nothing and may be waited for twice', async () => {
    const group = errgroup()
    await group.wait()
    let finished = 0
    group.go(function* (ctx) {
      for (let i = 0; i < 5; i++) yield* gosched()
      expect(ctx.err()._tag).toBe('None')
      finished++
    })
    group.go(() => fails(e1))
    const waits = [performed(group.wait())]
    await settle()
    waits.push(performed(group.wait()))
    await settle()
    expect(waits.map(({ now }) => now)).toEqual([thrown(e1), thrown(e1)])
    expect(finished).toBe(1)
  })

  it('EG-013 three searches side by side keep their places', async () => {
    const search = (kind: string) =>
      function* (query: string) {
        for (let i = 0; i < kind.length; i++) yield* gosched()
        return `${kind} result for "${query}"`
      }
    const searches = ['web', 'image', 'video'].map(search)
    const results: string[] = []
    const group = errgroup(background)
    for (const [i, find] of searches.entries())
      group.go(function* () {
        results[i] = yield* find('golang')
      })
    await group.wait()
    expect(results).toEqual(['web result for "golang"', 'image result for "golang"', 'video result for "golang"'])
  })

  it("EG-014 the parent's end reaches the functions with its cause", async () => {
    const parent = withCancel(background)
    const group = errgroup(parent)
    const P = new Error('the parent has ended')
    const mine = new Error('mine')
    group.go(function* (ctx) {
      yield* ctx.done()
      throw mine // it watches the context, and its own error counts
    })
    const seen: unknown[] = []
    group.go(async (ctx) => {
      await ctx.done()
      seen.push(ctx.signal.reason)
    })
    const wait = performed(group.wait())
    await settle()
    parent.cancel(P)
    await settle()
    expect(wait.now).toEqual(thrown(mine))
    expect(seen).toEqual([P])
    expect(group.ctx.cause()).toEqual({ _tag: 'Some', value: P })
  })

  it('EG-016 a canceled function returns its slot, and is not an error', async () => {
    const group = errgroup()
    group.setLimit(1)
    let goroutine: Goroutine<unknown> | null = null
    const before = setProbe({ spawn: (it) => (goroutine = it as Goroutine<unknown>) })
    group.go(function* () {
      yield* select({})
    })
    setProbe(before)
    await settle()
    expect(group.tryGo(function* () {})).toBe(false)
    const handle = goroutine as unknown as Goroutine<unknown>
    handle.cancel()
    await settle()
    expect(group.tryGo(function* () {})).toBe(true)
    await group.wait()
  })

  describe('EG-017 a bounded pipeline', () => {
    /** A walker, 20 digesters and a closer: Go's MD5All. */
    async function digestAll(paths: string[], digest: (path: string) => string, stopped: string[]): Promise<Map<string, string>> {
      const group = errgroup(background)
      const found = chan<string>()
      const digests = chan<{ path: string; sum: string }>()
      group.go(function* walker(ctx) {
        try {
          for (const path of paths) {
            const r = yield* select({ sent: found.send(path), end: ctx.done() })
            if (r.case === 'end') return void stopped.push('walker')
          }
        } finally {
          found.close()
        }
      })
      const digesters = errgroup()
      for (let i = 0; i < 20; i++) {
        const ended = chan<void>()
        group.go(function* digester() {
          try {
            for (const it = range(found); yield* it.next();) {
              yield* gosched()
              yield* digests.send({ path: it.value, sum: digest(it.value) })
            }
          } finally {
            ended.close()
          }
        })
        digesters.go(function* () {
          yield* ended.receive()
        })
      }
      go(function* closer() {
        yield* digesters.wait()
        digests.close()
      })
      const sums = new Map<string, string>()
      for await (const { path, sum } of digests) sums.set(path, sum)
      await group.wait()
      return sums
    }
    const paths = Array.from({ length: 100 }, (_, i) => `file ${i}`)

    it('EG-017 completes', async () => {
      const before = numGoroutine()
      const sums = await digestAll(paths, (path) => path.toUpperCase(), [])
      expect(sums).toEqual(new Map(paths.map((path) => [path, path.toUpperCase()])))
      await settle()
      expect(numGoroutine()).toBe(before)
    })

    it('EG-017 fails as a whole and leaves nothing running', async () => {
      const before = numGoroutine()
      const stopped: string[] = []
      const boom = new Error('boom')
      const digest = (path: string) => {
        if (path === 'file 7') throw boom
        return path
      }
      await expect(digestAll(paths, digest, stopped)).rejects.toBe(boom)
      await settle()
      expect(stopped).toEqual(['walker'])
      expect(numGoroutine()).toBe(before)
    })
  })
})

describe('errgroup, beyond Go', () => {
  it('SC-005 when one fails the generators are unwound, with their cleanup, and wait throws that very error', async () => {
    const group = errgroup(background)
    const log: string[] = []
    group.go(function* () {
      try {
        yield* select({})
      } finally {
        yield* gosched()
        log.push('cleaned up')
      }
    })
    group.go(() => fails(e1))
    const wait = performed(group.wait())
    await settle()
    expect(log).toEqual(['cleaned up'])
    expect(wait.now).toEqual(thrown(e1))
  })

  it("when the parent's end cuts work short, wait throws its cause", async () => {
    const parent = withCancel(background)
    const group = errgroup(parent)
    let unwound = false
    group.go(function* () {
      try {
        yield* select({})
      } finally {
        unwound = true
      }
    })
    const wait = performed(group.wait())
    await settle()
    const cause = new Error('enough')
    parent.cancel(cause)
    await settle()
    expect(unwound).toBe(true)
    expect(wait.now).toEqual(thrown(cause))
    expect(group.failures).toEqual([])
  })

  it("the parent's deadline is a cause like any other", async () => {
    using clock = virtualTime()
    using parent = withTimeout(background, 10)
    const group = errgroup(parent)
    group.go(function* () {
      yield* sleep(20)
    })
    const wait = performed(group.wait())
    await clock.advance(10)
    expect(wait.now).toMatchObject({ is: 'thrown', cause: { name: 'DeadlineExceededError' } })
  })

  it("the parent's end does not fail finished work", async () => {
    const parent = withCancel(background)
    const group = errgroup(parent)
    group.go(function* () {
      yield* gosched()
      parent.cancel(e1) // and performs no further operation
    })
    group.go(async (ctx) => void (await ctx.done()))
    await group.wait()
    expect(group.failures).toEqual([])
  })

  it('async functions get the context, and wait waits for them', async () => {
    const group = errgroup(background)
    const log: string[] = []
    group.go(async (ctx) => {
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()))
      await Promise.resolve()
      log.push(String(ctx.signal.reason))
    })
    group.go(() => fails(e1))
    const wait = performed(group.wait())
    await settle()
    expect(log).toEqual(['Error: first'])
    expect(wait.now).toEqual(thrown(e1))
  })

  it.each([
    ['errgroup', (ctx: Context) => errgroup(ctx)],
    ['pool', (ctx: Context) => pool<unknown>({ size: 3, ctx })],
    ['pool that stops at a failure', (ctx: Context) => pool<unknown>({ size: 3, ctx, errors: 'first' })],
  ])('%s: where the parent has ended, wait throws its cause, and not the AbortErrors', async (_, make) => {
    const ctx = withCancel(background)
    const group = make(ctx)
    for (let i = 0; i < 3; i++)
      group.go(async (ctx) => {
        await ctx.done()
        throw i === 0 ? ctx.signal.reason : Object.assign(new Error('aborted', { cause: ctx.signal.reason }), { name: 'AbortError' })
      })
    const wait = performed<unknown>(group.wait())
    await settle()
    ctx.cancel(e1)
    await settle()
    expect(wait.now).toEqual(thrown(e1))
  })

  it('each failure after the first is a late failure', async () => {
    const late: unknown[] = []
    const off = onLateFailure((error) => late.push(error))
    for (const group of [errgroup(), errgroup(background), pool<unknown>({ size: 3, errors: 'first' })]) {
      group.go(() => fails(e1))
      group.go(async (ctx) => {
        await ctx.done().within(withTimeout(background, -1)).attempt()
        await settle()
        throw e2
      })
      const wait = performed<unknown>(group.wait())
      await settle()
      await settle()
      expect(wait.now).toEqual(thrown(e1))
    }
    off()
    expect(late).toEqual([e2, e2, e2])
  })

  it('errors that only repeat the cause of the context are left out, others are kept', async () => {
    const group = errgroup(background)
    group.go(async (ctx) => {
      await select({}).within(ctx)
    })
    group.go(async (ctx) => {
      await ctx.done()
      throw e2
    })
    group.go(() => fails(e1))
    const wait = performed(group.wait())
    await settle()
    expect(wait.now).toEqual(thrown(e1))
    expect(group.failures).toEqual([e1, e2])
  })

  it('a queued function never starts after a failure', async () => {
    const group = errgroup(background)
    group.setLimit(1)
    let started = 0
    group.go(() => fails(e1))
    for (let i = 0; i < 3; i++) group.go(async () => void started++)
    await settle()
    for (let i = 0; i < 3; i++) group.go(async () => void started++) // as a loop does that has not seen the failure
    const wait = performed(group.wait())
    await settle()
    expect(wait.now).toEqual(thrown(e1))
    expect(started).toBe(0)
  })

  it('a queued function is work cut short when the parent ends, whatever the others do', async () => {
    using parent = withCancel(background)
    const group = errgroup(parent)
    group.setLimit(1)
    group.go(async (ctx) => void (await ctx.done()))
    group.go(() => expect.unreachable())
    const wait = performed(group.wait())
    await settle()
    parent.cancel(e1)
    await settle()
    expect(wait.now).toEqual(thrown(e1))
    expect(group.failures).toEqual([])
  })

  it('the remaining functions are unwound, whichever have ended before', async () => {
    using parent = withCancel(background)
    const group = errgroup(parent)
    const log: number[] = []
    const gates = Array.from({ length: 10 }, () => chan<void>())
    for (const [i, gate] of gates.entries())
      group.go(function* () {
        try {
          yield* gate.receive()
        } finally {
          log.push(i)
        }
      })
    await settle()
    for (const i of [3, 4, 9, 0, 6]) {
      gates[i].close()
      await settle()
    }
    expect(log).toEqual([3, 4, 9, 0, 6])
    parent.cancel()
    await settle()
    expect(log.slice(5).sort()).toEqual([1, 2, 5, 7, 8])
    expect(performed(group.wait()).now).toEqual(waiting)
    await settle()
  })

  it('keeps nothing of functions that have ended', async () => {
    using parent = withCancel(background)
    const group = errgroup(parent)
    group.go(() => select({}))
    const left = await survivorsOf(100, () => {
      const task = function* () {}
      group.go(task)
      return task
    })
    expect(left).toBeLessThan(few(2))
  })

  it.each([[], [e1]])('once wait has completed go throws and starts nothing, and tryGo refuses: failures %j', async (...errors) => {
    const group = errgroup(background)
    for (const error of errors) group.go(() => fails(error))
    const expected = errors.length === 0 ? done(undefined) : thrown(e1)
    const wait = performed(group.wait())
    await settle()
    expect(wait.now).toEqual(expected)
    let started = 0
    expect(() => group.go(() => void started++)).toThrow(
      new Error('errgroup: go on a group whose wait has completed, which has ended its context: make a new group'),
    )
    expect(group.tryGo(() => void started++)).toBe(false)
    const again = performed(group.wait())
    await settle()
    expect(again.now).toEqual(expected)
    expect(started).toBe(0)
  })

  it('go throws for an idle group too, whose wait has completed at once', async () => {
    const group = errgroup(background)
    await group.wait()
    expect(() => group.go(() => {})).toThrow('errgroup: go on a group whose wait has completed')
  })

  it.each([
    [{}, 'a Context, with done, err, cause, deadline, value and signal, got an object'],
    [null, 'a Context (cannot create context from nil parent), got null'],
  ])('a parent that is no context is named: %j', (parent, expected) => {
    expect(() => errgroup(parent as Context)).toThrow(new TypeError(`errgroup(parent): expected ${expected}`))
  })

  it('go on a group whose parent has ended is work cut short', async () => {
    const parent = withCancel(background)
    const group = errgroup(parent)
    parent.cancel()
    let started = 0
    group.go(function* () {
      started++
    })
    const wait = performed(group.wait())
    await settle()
    expect(wait.now).toMatchObject({ is: 'thrown', cause: { name: 'CanceledError' } })
    expect(started).toBe(0)
  })

  it('go past the limit queues, first in, first out, and never waits', async () => {
    const group = errgroup()
    group.setLimit(2)
    const order: number[] = []
    for (let i = 0; i < 6; i++)
      group.go(function* () {
        order.push(i)
        yield* gosched()
      })
    expect(group.tryGo(function* () {})).toBe(false)
    await group.wait()
    expect(order).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('an async function keeps its slot until it really ends', async () => {
    const group = errgroup(background)
    group.setLimit(2)
    const gate = chan<void>()
    group.go(async () => void (await gate.receive()))
    group.go(() => fails(e1))
    const wait = performed(group.wait())
    await settle()
    expect(wait.now).toEqual(waiting)
    gate.close()
    await settle()
    expect(wait.now).toEqual(thrown(e1))
  })

  it('a plain function is called, and its throw is a failure', async () => {
    const group = errgroup()
    let called = 0
    group.go(() => void called++)
    group.go(() => {
      throw e1
    })
    const wait = performed(group.wait())
    await settle()
    expect(called).toBe(1)
    expect(wait.now).toEqual(thrown(e1))
  })

  it('wait as a case that is not chosen ends nothing', async () => {
    const group = errgroup(background)
    const gate = chan<void>()
    group.go(function* () {
      yield* gate.receive()
    })
    const choice = performed(select({ all: group.wait(), now: Promise.resolve('now') }))
    await settle()
    expect(choice.now).toEqual(done({ case: 'now', value: 'now' }))
    expect(group.ctx.err()._tag).toBe('None')
    gate.close()
    await group.wait()
  })

  it('the functions get the values of the parent', async () => {
    const user = contextKey<string>('user')
    const group = errgroup(withValue(background, user, 'ada'))
    let seen: unknown
    group.go((ctx: Context) => {
      seen = ctx.value(user)
    })
    await group.wait()
    expect(seen).toEqual({ _tag: 'Some', value: 'ada' })
  })

  it('setLimit throws while a function is active, and works otherwise', async () => {
    const group = errgroup()
    const gate: Chan<void> = chan()
    group.go(function* () {
      yield* gate.receive()
    })
    group.go(function* () {})
    for (const n of [0, 1, 2, 1000])
      expect(() => group.setLimit(n)).toThrow(
        `errgroup: modify limit while 2 goroutines in the group are still active: got ${n}; Infinity removes it`,
      )
    gate.close()
    await group.wait()
    group.setLimit(0)
    expect(group.tryGo(function* () {})).toBe(false)
    let ran = 0
    group.go(() => void ran++)
    await settle()
    expect(ran).toBe(0)
    group.setLimit(-1) // no limit: the queued functions start
    await group.wait()
    expect(ran).toBe(1)
  })

  it.each([-1, Infinity])('setLimit(%s) removes the limit while functions run: those that are queued start', async (n) => {
    const group = errgroup(background)
    const gate = chan<void>()
    group.setLimit(1)
    let started = 0
    for (let i = 0; i < 3; i++)
      group.go(async () => {
        started++
        await gate.receive()
      })
    await settle()
    expect(started).toBe(1)
    group.setLimit(n)
    await settle()
    expect([started, group.tryGo(() => {})]).toEqual([3, true])
    gate.close()
    await group.wait()
  })

  it.each(['has failed', 'has waited', 'was canceled with its parent'])(
    'tryGo on a group that %s starts nothing, and says so',
    async (how) => {
      const parent = withCancel(background)
      const group = errgroup(parent)
      if (how === 'has failed') group.go(() => Promise.reject(new Error('down')))
      await settle()
      if (how === 'has waited') await group.wait()
      if (how === 'was canceled with its parent') parent.cancel()
      expect(group.tryGo(() => expect.unreachable())).toBe(false)
      await settle()
      expect((await group.wait().attempt())._tag).toBe(how === 'has failed' ? 'Left' : 'Right')
    },
  )

  it.each([1.5, NaN, '3', undefined])('refuses a limit of %s', (n) => {
    expect(() => errgroup().setLimit(n as number)).toThrow('errgroup.setLimit(n): expected a whole number, or Infinity, got ')
  })

  it('rejects an argument that is not a function, or not a context', () => {
    expect(() => errgroup().go(3 as never)).toThrow('errgroup.go(fn): expected a function, got 3')
    expect(() => errgroup().tryGo(null as never)).toThrow('errgroup.tryGo(fn): expected a function, got null')
    expect(() => errgroup({} as Context)).toThrow('expected a Context')
  })

  it('a hundred thousand are unwound without overflowing the stack', async () => {
    const before = numGoroutine()
    const group = errgroup(background)
    const gate: Receiver<void> = chan<void>()
    function* parked() {
      yield* gate.receive()
    }
    for (let i = 0; i < 100_000; i++) group.go(parked)
    await settle()
    group.go(() => fails(e1))
    const wait = performed(group.wait())
    await settle()
    expect(wait.now).toEqual(thrown(e1))
    expect(numGoroutine()).toBe(before)
  })
})
