import { never, select, type Chan } from 'millrace'
import { describe, expect, it } from 'vitest'
import { performed, waiting, ways } from '../support/outcome.js'
import { virtualTime } from '../support/virtual-time.js'

// A nil channel in JavaScript is a missing channel: `maybe?.send(1)` is a falsy case, which behaves as `never()`.
describe('a nil channel', () => {
  const nil = undefined as Chan<number> | undefined

  it('CH-010 a send on it waits for ever', async () => {
    using clock = virtualTime()
    const send = performed(select({ sent: nil?.send(1) }))
    await clock.advance(10)
    expect(send.now).toEqual(waiting)
  })

  it('CH-011 a receive from it waits for ever', async () => {
    using clock = virtualTime()
    const receive = performed(select({ value: nil?.receive() }))
    await clock.advance(10)
    expect(receive.now).toEqual(waiting)
  })

  it.each(ways)('never() waits for ever, by %s', async (_, perform) => {
    using clock = virtualTime()
    const waits = perform(never())
    await clock.advance(10)
    expect(waits.now).toEqual(waiting)
  })
})
