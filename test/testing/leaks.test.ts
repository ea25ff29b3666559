import { chan, go, mutex, sleep, type Receiver } from 'millrace'
import { bubble, dump, dumpText, expectNoLeaks, LeakError, watchGoroutines, type Dump } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

async function leakOf(run: Promise<void>): Promise<LeakError> {
  const error: unknown = await run.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof LeakError) return error
  throw new Error('no leak was found', { cause: error })
}

function* worker(jobs: Receiver<number>): Generator<never, void> {
  while ((yield* jobs.receive())._tag === 'Some');
}

describe('watchGoroutines', () => {
  it('LK-001 nothing is reported when only the caller runs', async () => {
    using watch = watchGoroutines()
    await watch.check(0)
    expect(watch.dump()).toEqual({ version: 1, goroutines: [], cycles: [] })
  })

  it('LK-002 one that is blocked for ever is reported with its name and where it was started; released, it is not', async () => {
    using watch = watchGoroutines()
    const jobs = chan<number>()
    go(worker, jobs)
    const error = await leakOf(watch.check(20))
    expect(error.message).toMatch(/^found unexpected goroutines:\ngoroutine \d+ \[chan receive[^\]]*\]: worker\n/)
    expect(error.message).toMatch(/started at .*leaks\.test\.ts:\d+:\d+/)
    jobs.close()
    await watch.check()
  })

  it('LK-003 what ends a moment later is no leak', async () => {
    using watch = watchGoroutines()
    go(function* () {
      yield* sleep(1)
    })
    await watch.check(1000)
  })

  it('those started before it began are not its own', async () => {
    const jobs = chan<number>()
    go(worker, jobs)
    using watch = watchGoroutines()
    await watch.check(0)
    jobs.close()
    await settle()
  })

  it('one that ended while a bubble had the probe is no leak', async () => {
    using watch = watchGoroutines()
    const jobs = chan<number>()
    go(worker, jobs)
    await settle()
    await bubble(function* () {
      jobs.close()
    })
    await watch.check(0)
  })
})

describe('dump', () => {
  it('is plain data of a documented shape: who waits for what, who holds what, who could wake whom', async () => {
    using _watch = watchGoroutines()
    const mu = mutex()
    const release = chan<never>()
    const holder = go(function* holding() {
      using _guard = yield* mu.lock()
      yield* release.receive()
    })
    const waiter = go(function* waiting() {
      using _guard = yield* mu.lock()
    })
    await settle()
    const now = dump()
    expect(JSON.parse(JSON.stringify(now))).toEqual(now)
    expect(now).toEqual<Dump>({
      version: 1,
      goroutines: [
        {
          id: holder.id,
          name: 'holding',
          state: 'waiting',
          waitsFor: 'chan receive',
          waited: expect.any(Number) as number,
          on: ['chan 1'],
          holds: ['mutex 1'],
          couldBeWokenBy: [],
          startedBy: null,
          startedAt: expect.stringContaining('leaks.test.ts') as string,
        },
        {
          id: waiter.id,
          name: 'waiting',
          state: 'waiting',
          waitsFor: 'sync.Mutex.Lock',
          waited: expect.any(Number) as number,
          on: ['mutex 1'],
          holds: [],
          couldBeWokenBy: [{ id: holder.id, name: 'holding', state: 'waiting' }],
          startedBy: null,
          startedAt: expect.stringContaining('leaks.test.ts') as string,
        },
      ],
      cycles: [],
    })
    expect(dumpText(now)).toContain(`waits for mutex 1; could be woken by holding#${holder.id} (waiting)`)
    expect(dumpText(now)).toContain('    holds mutex 1\n')
    expect(dumpText(now)).toContain('waits for chan 1; could be woken by nobody that has used it so far')
    release.close()
    await waiter.join()
    await holder.join()
    expect(dump().goroutines).toEqual([])
  })

  it('a lock that is handed on is held by the one who waited', async () => {
    using _watch = watchGoroutines()
    const mu = mutex()
    const release = chan<never>()
    mu.tryLock()
    const next = go(function* following() {
      using _guard = yield* mu.lock()
      yield* release.receive()
    })
    await settle()
    mu.unlock()
    await settle()
    expect(dump().goroutines).toMatchObject([{ name: 'following', holds: ['mutex 1'], waitsFor: 'chan receive' }])
    release.close()
    await next.join()
  })

  it('says so where nobody watches', () => {
    expect(() => dump()).toThrow('dump(): the goroutines are not watched')
  })
})

describe('expectNoLeaks', () => {
  /** A test runner in small: runs a test between the hooks and tells whether it failed. */
  function runner() {
    const hooks = { before: [] as (() => unknown)[], after: [] as (() => unknown)[] }
    return {
      beforeEach: (f: () => unknown) => hooks.before.push(f),
      afterEach: (f: () => unknown) => hooks.after.push(f),
      async run(test: () => void): Promise<unknown[]> {
        const failures: unknown[] = []
        for (const f of hooks.before) await f()
        test()
        for (const f of hooks.after) {
          try {
            await f()
          } catch (error) {
            failures.push(error)
          }
        }
        return failures
      },
    }
  }

  it('LK-005 the check at the end fails once for a test that leaks, and never for one that does not', async () => {
    const { run, ...hooks } = runner()
    expectNoLeaks(hooks, { patience: 20 })
    const jobs = chan<number>()
    expect(await run(() => {})).toEqual([])
    const failures = await run(() => {
      go(worker, jobs)
      go(worker, jobs)
    })
    expect(failures).toHaveLength(1)
    expect((failures[0] as LeakError).dump.goroutines.map(({ name }) => name)).toEqual(['worker', 'worker'])
    expect(await run(() => {})).toEqual([])
    jobs.close()
    expect(() => dump()).toThrow('nobody watches')
  })

  it('without hooks it says what it needs', () => {
    expect(() => expectNoLeaks()).toThrow('expectNoLeaks(hooks): expected the test runner’s { beforeEach, afterEach }')
  })
})
