import { addProbe, chan, go, sleep, type Receiver } from 'millrace'
import { bubble, dump, LeakError, watchGoroutines } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { hostTurn, settle } from '../support/settle.js'

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
    expect(error.message).toMatch(/started at .*watch-goroutines\.test\.ts(\?\S*)?:\d+:\d+/)
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

  it('a host that stands still makes no leak of a sleep that is over', async () => {
    using watch = watchGoroutines()
    go(() => sleep(10))
    const checked = watch.check(20)
    for (let turn = 0; turn < 8; turn++) await hostTurn() // the check goes on to its pauses
    for (const start = performance.now(); performance.now() - start < 60;);
    await checked
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

  it('beside another probe, as within `main`, is what dump() shows', async () => {
    const removeOlder = addProbe({})
    using watch = watchGoroutines()
    const removeNewer = addProbe({})
    const jobs = chan<number>()
    go(worker, jobs)
    await settle()
    try {
      expect(dump().goroutines.map(({ name }) => name)).toEqual(['worker'])
      jobs.close()
      await watch.check(0)
    } finally {
      removeNewer()
      removeOlder()
    }
  })
})
