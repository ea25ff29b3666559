import { chan, go, mutex } from 'millrace'
import { dump, dumpText, watchGoroutines, type Dump } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

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
          heldBy: [],
          holds: ['mutex 1'],
          couldBeWokenBy: [],
          startedBy: null,
          startedAt: expect.stringContaining('dump.test.ts') as string,
        },
        {
          id: waiter.id,
          name: 'waiting',
          state: 'waiting',
          waitsFor: 'sync.Mutex.Lock',
          waited: expect.any(Number) as number,
          on: ['mutex 1'],
          heldBy: [{ lock: 'mutex 1', id: holder.id, name: 'holding', state: 'waiting', on: ['chan 1'], waitsFor: 'chan receive' }],
          holds: [],
          couldBeWokenBy: [{ id: holder.id, name: 'holding', state: 'waiting' }],
          startedBy: null,
          startedAt: expect.stringContaining('dump.test.ts') as string,
        },
      ],
      cycles: [],
    })
    expect(dumpText(now)).toContain(`waits for mutex 1, held by holding#${holder.id}, which waits for chan 1\n`)
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
    expect(dump().goroutines).toMatchObject([{ name: 'following', heldBy: [], holds: ['mutex 1'], waitsFor: 'chan receive' }])
    release.close()
    await next.join()
  })

  it('says so where nobody watches', () => {
    expect(() => dump()).toThrow('dump(): the goroutines are not watched')
  })
})
