import { sometimes, type SometimesOptions } from 'millrace'
import { describe, expect, it } from 'vitest'
import { virtualTime } from '../support/virtual-time.js'

describe('sometimes', () => {
  /** The numbers of the calls that ran, from 1; a pause is `pause` ms long. */
  function ran(options: SometimesOptions | undefined, plan: ('call' | { pause: number })[]): number[] {
    using clock = virtualTime()
    const gate = sometimes(options)
    const which: number[] = []
    let call = 0
    for (const step of plan) {
      if (step === 'call') {
        call++
        gate.do(() => which.push(call))
      } else clock.block(step.pause)
    }
    return which
  }
  const calls = (n: number) => Array<'call'>(n).fill('call')

  it('RL-032 runs the first, every n-th, once in a while', () => {
    expect(ran(undefined, calls(5))).toEqual([1])
    expect(ran({ first: 2 }, calls(5))).toEqual([1, 2])
    expect(ran({ every: 2 }, calls(6))).toEqual([1, 3, 5])
    expect(ran({ interval: 1000 }, [...calls(2), { pause: 1000 }, ...calls(2)])).toEqual([1, 3])
    expect(ran({ first: 2, every: 2, interval: 2000 }, [...calls(3), { pause: 2000 }, ...calls(3)])).toEqual([1, 2, 3, 4, 5])
  })

  it('a call that throws counts', () => {
    const gate = sometimes()
    expect(() =>
      gate.do(() => {
        throw new Error('boom')
      }),
    ).toThrow('boom')
    gate.do(() => expect.unreachable())
  })

  it('a nested call counts too', () => {
    const gate = sometimes({ first: 2 })
    const log: string[] = []
    gate.do(() => {
      log.push('outer')
      gate.do(() => log.push('inner'))
    })
    gate.do(() => log.push('third'))
    expect(log).toEqual(['outer', 'inner'])
  })

  it('rejects invalid arguments', () => {
    expect(() => sometimes({ first: 1.5 })).toThrow('sometimes({ first }): expected a whole number from 0 up, got 1.5')
    expect(() => sometimes({ every: -1 })).toThrow('sometimes({ every }): expected a whole number from 0 up, got -1')
    expect(() => sometimes({ interval: NaN })).toThrow('sometimes({ interval }): expected a number of ms, got NaN')
    expect(() => sometimes().do(1 as never)).toThrow('sometimes.do(f): expected a function, got 1')
  })
})
