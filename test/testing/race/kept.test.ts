/** The race detector keeps no object of the program alive: the code of the host, which goes on to the end, uses each. */
import { background, chan, go, withCancel } from 'millrace'
import { watch } from 'millrace/testing'
import { expect, it } from 'vitest'
import { RaceEngine } from '../../../src/testing/race/index.js'
import { few, survivorsOf } from '../../support/survivors.js'

it.each([
  [
    'contexts',
    () => {
      const ctx = withCancel(background)
      ctx.cancel()
      ctx.err()
      return ctx
    },
  ],
  [
    'channels',
    () => {
      const items = chan<number>(1)
      items.trySend(1)
      items.tryReceive()
      items.close()
      return items
    },
  ],
])('keeps none of 1,000 %s that the host has used', async (_, make) => {
  const engine = new RaceEngine('order')
  const close = engine.open()
  try {
    expect(await survivorsOf(1000, make)).toBeLessThan(few())
  } finally {
    close()
  }
})

it('keeps neither the object that was accessed last, nor the goroutine that waits for good', async () => {
  const engine = new RaceEngine('order')
  const close = engine.open()
  const accounts: WeakRef<object>[] = []
  try {
    const goroutines = await survivorsOf(1, () =>
      go(function* () {
        const watched = watch({ balance: 1 })
        accounts.push(new WeakRef(watched))
        watched.balance = 2
        yield* chan().receive()
      }),
    )
    expect([goroutines, ...accounts.map((ref) => ref.deref())]).toEqual([0, undefined])
  } finally {
    close()
  }
})
