import { chan, go, type Receiver } from 'millrace'
import { dump, expectNoLeaks, LeakError } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

function* worker(jobs: Receiver<number>): Generator<never, void> {
  while ((yield* jobs.receive())._tag === 'Some');
}

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
    expect(() => dump()).toThrow('the goroutines are not watched')
  })

  it('without hooks it says what it needs', () => {
    expect(() => expectNoLeaks()).toThrow('expectNoLeaks(hooks): expected the test runner’s { beforeEach, afterEach }')
  })
})
