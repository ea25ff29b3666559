import { chan, go, gosched, numGoroutine, onCrash } from 'millrace'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

const crashes: unknown[] = []
let off = (): void => {}
beforeEach(() => {
  crashes.length = 0
  off = onCrash((error) => crashes.push(error))
})
afterEach(() => off())

describe('numGoroutine', () => {
  it('GO-017 rises with each go and falls with each end, by return, throw, own end or recovered throw', async () => {
    const before = numGoroutine()
    const gate = chan<never>()
    const ends: (() => unknown)[] = [
      () => {},
      () => {
        throw new Error('boom')
      },
      () => self.cancel(),
      () => {
        try {
          throw new Error('recovered')
        } catch {
          return 'fine'
        }
      },
    ]
    const started = ends.map((end) =>
      go(function* () {
        yield* gate.receive()
        end()
        yield* gosched()
      }),
    )
    const [, , self] = started
    const waited = go(async () => await gate.receive())
    expect(numGoroutine()).toBe(before + 5)
    await settle()
    expect(numGoroutine()).toBe(before + 5)
    gate.close()
    await settle()
    expect(numGoroutine()).toBe(before)
    expect(crashes).toEqual([new Error('boom')])
    await waited.join()
  })

  it('counts a goroutine that was canceled until its cleanup is over', async () => {
    const before = numGoroutine()
    const gate = chan<never>()
    const goroutine = go(function* () {
      try {
        yield* gosched()
        yield* chan().receive()
      } finally {
        yield* gate.receive()
      }
    })
    await settle()
    goroutine.cancel()
    await settle()
    expect(numGoroutine()).toBe(before + 1)
    gate.close()
    await settle()
    expect(numGoroutine()).toBe(before)
  })
})
