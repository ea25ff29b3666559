import { describe, expect, it } from 'vitest'
import { background, chan, go, gosched, rwMutex, select, setProbe, waitGroup, withCancel, type Op, type RWMutex } from 'millrace'
import { from } from 'rxjs'
import { done, performed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { describeLock } from './lock-suite.js'

describeLock('rwMutex', rwMutex)

/** The state of the lock, from its try methods. */
function stateOf(rw: RWMutex): 'free' | 'read' | 'written' {
  if (rw.tryLock()) {
    rw.unlock()
    return 'free'
  }
  if (!rw.tryRLock()) return 'written'
  rw.rUnlock()
  return 'read'
}

describe('rwMutex', () => {
  it.each([1, 3, 4])('RW-001 %i readers hold the lock together', async (n) => {
    const rw = rwMutex()
    const leave = chan<void>()
    let inside = 0
    const wg = waitGroup()
    for (let i = 0; i < n; i++)
      wg.go(function* () {
        using _guard = yield* rw.rLock()
        inside++
        yield* leave.receive()
        inside--
      })
    await settle()
    expect(inside).toBe(n)
    leave.close()
    await wg.wait()
    expect(stateOf(rw)).toBe('free')
  })

  it.each([0, 1, 3, 10])('RW-002 a writer is always alone, among %i readers', async (readers) => {
    const rw = rwMutex()
    const wg = waitGroup()
    let activity = 0
    function* reader() {
      for (let round = 0; round < 300; round++) {
        yield* rw.rLock()
        activity++
        expect(activity).toBeGreaterThanOrEqual(1)
        expect(activity).toBeLessThan(10_000)
        if (round % 3 === 0) yield* gosched()
        activity--
        rw.rUnlock()
      }
    }
    function* writer() {
      for (let round = 0; round < 300; round++) {
        yield* rw.lock()
        activity += 10_000
        expect(activity).toBe(10_000)
        if (round % 2 === 0) yield* gosched()
        expect(activity).toBe(10_000)
        activity -= 10_000
        rw.unlock()
      }
    }
    for (let i = 0; i < 2; i++) wg.go(writer)
    for (let i = 0; i < readers; i++) wg.go(reader)
    await wg.wait()
    expect(stateOf(rw)).toBe('free')
  })

  it('RW-003 the four try forms return according to the state of the lock', () => {
    const rw = rwMutex()
    expect(rw.tryLock()).toBe(true)
    expect([rw.tryLock(), rw.tryRLock()]).toEqual([false, false])
    rw.unlock()
    expect(rw.tryRLock()).toBe(true)
    expect([rw.tryRLock(), rw.tryLock()]).toEqual([true, false])
    rw.rUnlock()
    rw.rUnlock()
    expect(rw.tryLock()).toBe(true)
  })

  it('RW-004 wrong unlocks throw, each with its text, and change nothing', () => {
    const rw = rwMutex()
    const unlock = () => expect(() => rw.unlock()).toThrow('sync: Unlock of unlocked RWMutex')
    const rUnlock = () => expect(() => rw.rUnlock()).toThrow('sync: RUnlock of unlocked RWMutex')
    unlock()
    rUnlock()
    expect(stateOf(rw)).toBe('free')
    rw.tryRLock()
    unlock()
    expect(stateOf(rw)).toBe('read')
    rw.rUnlock()
    rUnlock()
    rw.tryLock()
    rUnlock()
    expect(stateOf(rw)).toBe('written')
    rw.unlock()
    unlock()
    expect(stateOf(rw)).toBe('free')
  })

  it('RW-008 a reader that locks for writing waits for itself', async () => {
    const rw = rwMutex()
    const upgrade = go(function* () {
      using _read = yield* rw.rLock()
      using _write = yield* rw.lock()
      expect.unreachable()
    })
    await settle()
    expect(performed(upgrade.join()).now).toEqual(waiting)
    upgrade.cancel()
    await settle()
    expect(stateOf(rw)).toBe('free')
  })

  it("RW-009 the readers' side is a lock of its own", async () => {
    const rw = rwMutex()
    const reader = rw.rLocker()
    for (let round = 0; round < 10; round++) {
      const writer = go(function* () {
        yield* reader.lock()
        yield* reader.lock()
        const write = performed(rw.lock())
        yield* gosched()
        yield* gosched()
        expect(write.now).toEqual(waiting)
        reader.unlock()
        reader.unlock()
        yield* gosched()
        yield* gosched()
        expect(write.now.is).toBe('done')
        const read = performed(reader.lock())
        yield* gosched()
        yield* gosched()
        expect(read.now).toEqual(waiting)
        rw.unlock()
      })
      await writer.join()
      await settle()
      expect(stateOf(rw)).toBe('read')
      reader.unlock()
    }
  })

  it('RW-010 a waiting writer waits for the readers already in, no others', async () => {
    const rw = rwMutex()
    rw.tryRLock()
    rw.tryRLock()
    const writer = performed(rw.lock())
    await settle()
    const late = performed(rw.rLock())
    await settle()
    expect(rw.tryRLock()).toBe(false)
    rw.rUnlock()
    await settle()
    expect(writer.now).toEqual(waiting)
    rw.rUnlock()
    await settle()
    expect(writer.now.is).toBe('done')
    expect(late.now).toEqual(waiting)
  })

  it('RW-013 another goroutine may unlock', async () => {
    const rw = rwMutex()
    await rw.lock()
    await go(() => rw.unlock()).join()
    await rw.rLock()
    await go(() => rw.rUnlock()).join()
    expect(stateOf(rw)).toBe('free')
  })

  it.each([
    { held: 'for reading', order: ['W1', 'R1 R2', 'W2'] },
    { held: 'for writing', order: ['R1 R2', 'W1', 'W2'] }, // after a writer it is the turn of the readers
  ])('held $held, with W1, R1, W2, R2 queued, lets in $order', async ({ held, order }) => {
    const rw = rwMutex()
    if (held === 'for reading') rw.tryRLock()
    else rw.tryLock()
    const inside = new Set<string>() // race-ok: each reader looks who else is in, which a lock for reading does not order
    const seen: string[] = []
    for (const name of ['W1', 'R1', 'W2', 'R2'])
      go(function* () {
        using _guard = yield* name.startsWith('W') ? rw.lock() : rw.rLock()
        inside.add(name)
        yield* gosched()
        seen.push([...inside].sort().join(' '))
        yield* gosched()
        inside.delete(name)
      })
    await settle()
    if (held === 'for reading') rw.rUnlock()
    else rw.unlock()
    await settle()
    expect([...new Set(seen)]).toEqual(order)
    expect(stateOf(rw)).toBe('free')
  })

  it('readers queued behind a writer get in when that writer leaves the queue', async () => {
    const rw = rwMutex()
    rw.tryRLock()
    const writers = [performed(rw.lock()), performed(rw.lock())]
    await settle()
    const readers = [performed(rw.rLock()), performed(rw.rLock())]
    await settle()
    writers[0].leave()
    await settle()
    expect(readers.map(({ now }) => now)).toEqual([waiting, waiting])
    writers[1].leave()
    await settle()
    expect(readers.map(({ now }) => now.is)).toEqual(['done', 'done'])
  })

  it('a writer that queues as the writer before it leaves is granted', async () => {
    const rw = rwMutex()
    rw.tryRLock()
    const first = performed(rw.lock())
    await settle()
    const reader = performed(rw.rLock())
    await settle()
    first.leave()
    rw.rUnlock() // the lock is free; the run queue lets the reader in
    expect(rw.tryLock()).toBe(false)
    const second = from(rw.lock()).subscribe()
    await settle()
    expect(stateOf(rw)).toBe('written')
    rw.unlock()
    await settle()
    expect(reader.now.is).toBe('done')
    second.unsubscribe()
  })

  it('a select over the read and the write lock is granted once', async () => {
    const rw = rwMutex()
    rw.tryRLock()
    using ctx = withCancel(background)
    const blocker = performed(rw.lock())
    await settle()
    const cases: Op<unknown>[] = [rw.lock(), ctx.done(), rw.rLock()]
    const both = performed(select(cases))
    await settle()
    blocker.leave()
    ctx.cancel() // withdraws the writer that blocked the reader
    await settle()
    expect(both.now).toEqual(done({ case: 1, value: undefined }))
    expect(stateOf(rw)).toBe('read')
  })

  it('a read lock granted to a subscriber that unsubscribed before the delivery is released', async () => {
    const rw = rwMutex()
    rw.tryLock()
    let delivered = 0
    const leaving = from(rw.rLock()).subscribe(() => delivered++)
    const writer = performed(rw.lock())
    await settle()
    rw.unlock()
    leaving.unsubscribe()
    await settle()
    expect(delivered).toBe(0)
    expect(writer.now.is).toBe('done')
  })

  it('a reader that unlocks inside the grant does not let a writer in beside the other readers', async () => {
    const rw = rwMutex()
    rw.tryLock()
    const throws = (): void => expect.unreachable()
    void rw.rLock().then((guard) => guard[Symbol.dispose](), throws) // called back directly
    const second = performed(rw.rLock())
    const writer = performed(rw.lock())
    await settle()
    rw.unlock()
    await settle()
    expect([second.now.is, writer.now.is]).toEqual(['done', 'waiting'])
    rw.rUnlock()
    await settle()
    expect(writer.now.is).toBe('done')
  })

  it('the guard of a reader unlocks once', async () => {
    const rw = rwMutex()
    const guard = await rw.rLock()
    rw.tryRLock()
    guard[Symbol.dispose]()
    guard[Symbol.dispose]()
    expect(stateOf(rw)).toBe('read')
  })

  it('each grant is seen by the probe', async () => {
    const rw = rwMutex()
    let grants = 0
    const before = setProbe({ lock: () => grants++ })
    rw.tryLock()
    const reader = performed(rw.rLock())
    await settle()
    rw.unlock()
    await settle()
    setProbe(before)
    expect(reader.now.is).toBe('done')
    expect(grants).toBe(2)
  })
})
