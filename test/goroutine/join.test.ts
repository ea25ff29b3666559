import { chan, go, gosched, select, type Goroutine } from 'millrace'
import { describe, expect, it } from 'vitest'
import { done, performed, thrownError, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'

describe.each(ways)('join by %s', (_, perform) => {
  it('waits for the end', async () => {
    const gate = chan<never>()
    const goroutine = go(function* () {
      yield* gate.receive()
      return 'end'
    })
    const join = perform(goroutine.join())
    await settle()
    expect(join.now).toEqual(waiting)
    gate.close()
    await settle()
    expect(join.now).toEqual(done('end'))
  })

  it('throws what the goroutine threw', async () => {
    const join = perform(
      go(function* () {
        yield* gosched()
        throw new Error('boom')
      }).join(),
    )
    await settle()
    expect(join.now).toEqual(thrownError('boom'))
  })
})

describe('join', () => {
  it('is a case of a select, and leaves nothing behind when another is chosen', async () => {
    const gate = chan<never>()
    const ch = chan<number>(1)
    const goroutine = go(() => gate.receive())
    const round = () => select({ end: goroutine.join(), value: ch.receive() })
    for (let i = 0; i < 3; i++) {
      const answer = performed(round())
      await settle()
      ch.trySend(i)
      await settle()
      expect(answer.now).toMatchObject(done({ case: 'value' }))
    }
    const last = performed(round())
    gate.close()
    await settle()
    expect(last.now).toMatchObject(done({ case: 'end' }))
    expect(ch.trySend(1)).toBe(true) // no lost waiter takes it
    expect(ch.size).toBe(1)
  })

  it('of the calling goroutine throws, and so do its joiners', async () => {
    const self: Goroutine<void> = go(function* () {
      yield* self.join()
    })
    const join = performed(self.join())
    await settle()
    expect(join.now).toMatchObject({ is: 'thrown', cause: { message: expect.stringContaining('waits for itself') as string } })
  })
})
