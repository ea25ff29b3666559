import { chan, go, gosched, select } from 'millrace'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

describe('gosched', () => {
  it('lets each other goroutine take a step first', async () => {
    const order: string[] = []
    function* stepper(name: string) {
      for (let i = 0; i < 3; i++) {
        order.push(name + i)
        yield* gosched()
      }
    }
    go(stepper, 'a')
    go(stepper, 'b')
    await settle()
    expect(order).toEqual(['a0', 'b0', 'a1', 'b1', 'a2', 'b2'])
  })

  it('lets other goroutines take a step in the middle of an async function', async () => {
    const order: string[] = []
    const stepper = async (name: string) => {
      for (let i = 0; i < 3; i++) {
        order.push(name)
        await gosched()
      }
    }
    go(stepper, 'a')
    go(stepper, 'b')
    await settle()
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
  })

  it('GO-018 in the default of a poll lets the value come', async () => {
    const [values, acknowledged] = [chan<number>(), chan<number>()]
    go(function* () {
      for (;;) {
        const polled = values.tryReceive()
        if (polled._tag === 'Right') return yield* acknowledged.send(polled.right)
        yield* gosched()
      }
    })
    const answer = go(async () => {
      for (let i = 0; i < 10; i++) await gosched()
      await values.send(7)
      return await acknowledged.receive()
    })
    expect(await answer.join()).toMatchObject({ value: 7 })
  })

  it('is ready as a case', async () => {
    expect(await select({ turn: gosched(), never: null })).toEqual({ case: 'turn', value: undefined })
  })
})
