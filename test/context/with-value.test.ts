import { none, some } from 'fp-ts/lib/Option.js'
import { background, contextKey, withCancel, withTimeout, withValue, type Context } from 'millrace'
import { describe, expect, it } from 'vitest'
import { virtualTime } from '../support/virtual-time.js'
import { live, stateOf } from './context-state.js'
import { wrapped } from './user-contexts.js'

describe('withValue', () => {
  it('CX-009 a value is looked up outward by the identity of its key, through every derived context', () => {
    const [k1, k1Too, k2] = [contextKey<string>('k1'), contextKey<string>('k1'), contextKey<undefined | string>('k2')]
    const outer = withValue(background, k1, 'outer')
    const middle = withCancel(withValue(wrapped(outer), k2, 'hidden'))
    const inner = withTimeout(withValue(withValue(middle, k2, undefined), k1Too, 'another key'), 1000)
    expect(inner.value(k1)).toEqual(some('outer'))
    expect(inner.value(k1Too)).toEqual(some('another key'))
    expect(inner.value(k2)).toEqual(some(undefined))
    expect(middle.value(k2)).toEqual(some('hidden'))
    expect(middle.value(k1Too)).toEqual(none)
    expect(withValue(inner, k1, 'inner').value(k1)).toEqual(some('inner'))
    expect(String(outer)).toBe('context.Background.WithValue(k1)')
    inner.cancel()
  })

  it('CX-014 32 random layers keep their values before and after the end, and end with any layer below', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      using clock = virtualTime()
      const draw = drawing(seed)
      let ctx: Context = background
      const values: [ReturnType<typeof contextKey<number>>, number][] = []
      const layers = []
      for (let i = 0; i < 32; i++) {
        const kind = draw(3)
        if (kind === 0) {
          values.push([contextKey(`v${i}`), i])
          ctx = withValue(ctx, ...values[values.length - 1])
        } else {
          const layer = kind === 1 ? withCancel(ctx) : withTimeout(ctx, 1000 + draw(1000))
          layers.push(layer)
          ctx = layer
        }
      }
      const check = () => expect(values.map(([k]) => ctx.value(k))).toEqual(values.map(([, v]) => some(v)))
      check()
      expect(stateOf(ctx)).toEqual(live)
      if (seed % 2 === 0) layers[draw(layers.length)].cancel()
      else await clock.advance(2000)
      expect(stateOf(ctx).done).toBe(true)
      check()
      layers[0].cancel()
      expect(clock.waiting).toBe(0)
    }
  })
})

function drawing(seed: number): (n: number) => number {
  let state = seed
  return (n) => (state = (state * 48271) % 2147483647) % n
}
