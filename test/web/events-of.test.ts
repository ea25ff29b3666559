/** Events as a receiver, and the next event as an operation. */
import { after, background, CanceledError, go, select, withCancel } from 'millrace'
import { eventsOf, nextEvent, OverflowError } from 'millrace/web'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { Target } from './target.js'

describe('eventsOf', () => {
  it('receives the events in order, from now on', async () => {
    const target = new Target()
    target.fire('a')
    using events = eventsOf<CustomEvent<number>>(target, 'a', { capacity: 10, policy: 'error' })
    for (let i = 0; i < 3; i++) target.fire('a', i)
    const got = []
    for (let i = 0; i < 3; i++) got.push(await events.receive())
    expect(got.map((each) => each._tag === 'Some' && each.value.detail)).toEqual([0, 1, 2])
  })

  it('a full buffer loses the oldest, the newest, or fails after the events that wait', async () => {
    const target = new Target()
    const policies = ['drop-oldest', 'drop-newest', 'error'] as const
    const [oldest, newest, error] = policies.map((policy) => eventsOf<CustomEvent<number>>(target, 'a', { capacity: 2, policy }))
    for (let i = 0; i < 5; i++) target.fire('a', i)
    const details = [oldest, newest, error].map((events) =>
      [events.tryReceive(), events.tryReceive()].map((e) => e._tag === 'Right' && e.right.detail),
    )
    expect(details).toEqual([[3, 4], [0, 1], [0, 1]]) // prettier-ignore
    await expect(error.receive()).rejects.toBeInstanceOf(OverflowError)
    await expect(error.receive()).rejects.toThrow('eventsOf(target, "a"): the buffer is full: 2 events wait')
    expect(target.listeners).toBe(2)
  })

  it('cancel and `using` remove the listener, once', async () => {
    const target = new Target()
    const cause = new Error('enough')
    const events = eventsOf(target, 'a', { capacity: 1, policy: 'error' })
    events.cancel(cause)
    events.cancel()
    await expect(events.receive()).rejects.toBe(cause)
    {
      using other = eventsOf(target, 'a', { capacity: 1, policy: 'error' })
      expect(other.capacity).toBe(1)
    }
    expect(target.listeners).toBe(0)
  })

  it('refuses a wrong target, type and buffer', () => {
    expect(() => eventsOf({} as EventTarget, 'a', { capacity: 1, policy: 'error' })).toThrow('eventsOf(target): expected an EventTarget')
    expect(() => eventsOf(new Target(), 'a', { capacity: 0, policy: 'error' })).toThrow(RangeError)
    expect(() => eventsOf(new Target(), 'a', { capacity: 1 } as never)).toThrow('"drop-oldest", "drop-newest" or "error"')
    expect(() => eventsOf(new Target(), 'a', undefined as never)).toThrow('expected { capacity, policy }')
  })
})

describe('nextEvent', () => {
  it('waits for one event, and leaves no listener', async () => {
    const target = new Target()
    const both = [go(() => nextEvent(target, 'a')), go(() => nextEvent(target, 'a'))]
    await settle()
    target.fire('a', 7)
    for (const each of both) expect(((await each.join()) as CustomEvent).detail).toBe(7)
    expect(target.listeners).toBe(0)
  })

  it('leaves no listener where it is not chosen or given up', async () => {
    const target = new Target()
    const operation = nextEvent(target, 'a')
    expect((await select({ event: operation, time: after(1) })).case).toBe('time')
    const ctx = withCancel(background)
    const waiting = go(() => operation.within(ctx))
    await settle()
    expect(target.listeners).toBe(1)
    ctx.cancel()
    await expect(waiting.join()).rejects.toBeInstanceOf(CanceledError)
    expect(target.listeners).toBe(0)
  })
})
