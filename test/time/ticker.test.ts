import { left, right } from 'fp-ts/lib/Either.js'
import { none, some } from 'fp-ts/lib/Option.js'
import { go, range, select, ticker, trySelect } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { virtualTime } from '../support/virtual-time.js'

describe('a ticker', () => {
  it.each([0, -0, -1, -Infinity])('TM-011 of %d ms is rejected, as is a reset to it', (ms) => {
    using clock = virtualTime()
    expect(() => ticker(ms)).toThrow(RangeError)
    expect(() => ticker(ms)).toThrow('non-positive interval for NewTicker')
    const one = ticker(10)
    expect(() => one.reset(ms)).toThrow(RangeError)
    expect(() => one.reset(ms)).toThrow('non-positive interval for Ticker.Reset')
    expect(clock.waiting).toBe(1) // a refused reset changes nothing
    one.stop()
  })

  it('TM-012 ticks at its interval, then at a new one, and after stop no more; nothing is closed', async () => {
    using clock = virtualTime()
    const started = clock.now()
    const one = ticker(10)
    const times: number[] = []
    const five = function* () {
      for (let i = 0; i < 5; i++) {
        const tick = yield* one.receive()
        if (tick._tag === 'Some') times.push(tick.value - started)
      }
    }
    go(five)
    await clock.advance(50)
    one.reset(20)
    go(five)
    await clock.advance(100)
    expect(times).toEqual([10, 20, 30, 40, 50, 70, 90, 110, 130, 150])
    one.stop()
    const more = performed(one.receive())
    await clock.advance(100)
    expect(more.now).toEqual(waiting)
    expect(one.tryReceive()).toEqual(left('empty'))
    expect(clock.waiting).toBe(0)
    one.reset(5)
    await clock.advance(5)
    expect(more.now).toEqual(done(some(started + 255)))
    one.stop()
    one.stop()
  })

  it('is stopped by `using`, and drops a tick that was not received', async () => {
    using clock = virtualTime()
    let kept
    {
      using one = ticker(10)
      kept = one
      await clock.advance(10)
    }
    expect(clock.waiting).toBe(0)
    expect(kept.tryReceive()).toEqual(left('empty'))
  })

  it('drops the ticks that a slow receiver misses, except the first', async () => {
    using clock = virtualTime()
    const started = clock.now()
    const one = ticker(10)
    await clock.advance(55)
    expect(one.tryReceive()).toEqual(right(started + 10))
    expect(one.tryReceive()).toEqual(left('empty'))
    await clock.advance(5)
    expect(one.tryReceive()).toEqual(right(started + 60))
    one.stop()
  })

  it('keeps its beat when the host is late, and drops what was missed', async () => {
    using clock = virtualTime()
    const started = clock.now()
    const one = ticker(10)
    clock.block(37)
    await clock.advance(0)
    expect(one.tryReceive()).toEqual(right(started + 37))
    await clock.advance(3)
    expect(one.tryReceive()).toEqual(right(started + 40))
    await clock.advance(10)
    expect(one.tryReceive()).toEqual(right(started + 50))
    one.stop()
  })

  it.each(['stop', 'reset'] as const)('%s takes back the tick that nobody has received', async (how) => {
    using clock = virtualTime()
    const one = ticker(10)
    await clock.advance(15)
    if (how === 'stop') one.stop()
    else one.reset(10)
    expect(trySelect({ tick: one.receive() })).toEqual(none)
    await clock.advance(10)
    expect(one.tryReceive()._tag).toBe(how === 'stop' ? 'Left' : 'Right')
    one.stop()
  })

  it('has size 0 and capacity 0', async () => {
    using clock = virtualTime()
    const one = ticker(10)
    await clock.advance(15)
    expect([one.size, one.capacity]).toEqual([0, 0])
    one.stop()
  })

  it('gives a tick to one receiver only', async () => {
    using clock = virtualTime()
    const one = ticker(10)
    const receivers = [performed(one.receive()), performed(one.receive())]
    await clock.advance(10)
    expect(receivers.map(({ now }) => now.is)).toEqual(['done', 'waiting'])
    await clock.advance(10)
    expect(receivers.map(({ now }) => now.is)).toEqual(['done', 'done'])
    one.stop()
  })

  it('works in a range, in a select and in a for await', async () => {
    using clock = virtualTime()
    const one = ticker(10)
    const ranged = go(function* () {
      const ticks = []
      for (const it = range(one); ticks.length < 3 && (yield* it.next());) ticks.push(it.value)
      return ticks
    })
    await clock.advance(40)
    expect((await ranged.join()).length).toBe(3)
    one.reset(10)
    const answer = performed(select({ tick: one.receive(), never: null }))
    await clock.advance(10)
    expect(answer.now).toMatchObject(done({ case: 'tick' }))
    const awaited = go(async () => {
      for await (const at of one) return at
      return null
    })
    await clock.advance(10)
    expect(await awaited.join()).toBe(clock.now())
    one.stop()
  })

  it('of Infinity never ticks', async () => {
    using clock = virtualTime()
    const one = ticker(Infinity)
    await clock.advance(1e12)
    expect(one.tryReceive()).toEqual(left('empty'))
    one.stop()
    expect(clock.waiting).toBe(0)
  })

  it("faster than the clock's resolution, ticks once a turn and does not block the rest", async () => {
    using clock = virtualTime()
    const one = ticker(Number.MIN_VALUE)
    const other = ticker(10)
    await settle()
    expect(one.tryReceive()).toEqual(right(clock.now()))
    one.stop()
    await clock.advance(10)
    expect(other.tryReceive()).toEqual(right(clock.now()))
    other.stop()
  })

  it.each([
    ['NaN', NaN, RangeError],
    ['"10"', '10', TypeError],
    ['undefined', undefined, TypeError],
  ])('of %s, which is not a number of ms, is rejected', (shown, ms, kind) => {
    using clock = virtualTime()
    expect(() => ticker(ms as number)).toThrow(kind)
    expect(() => ticker(ms as number)).toThrow(`expected a number of ms, got ${shown}`)
    expect(clock.waiting).toBe(0)
  })
})
