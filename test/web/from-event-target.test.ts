/** Events as a source. */
import { background, chan, withCancel } from 'millrace'
import { bounds, collect, run, sendTo } from 'millrace/operators'
import { OverflowError } from 'millrace/web'
import { fromEventTarget } from 'millrace/web/operators'
import { map, take } from 'rxjs'
import { expect, it } from 'vitest'
import { settle } from '../support/settle.js'
import { Target } from './target.js'

it('emits events while there is demand, and drops by the policy', async () => {
  const target = new Target()
  const slow = chan<number>()
  const ctx = withCancel(background)
  const events = fromEventTarget<CustomEvent<number>>(target, 'a', { capacity: 2, policy: 'drop-oldest' })
  const running = run(ctx, events.pipe(map(({ detail }) => detail), sendTo(slow, { overflow: 'error' }))) // prettier-ignore
  await settle()
  for (let i = 0; i < 10; i++, await settle()) target.fire('a', i)
  const got = []
  for (let i = 0; i < 3; i++) got.push(await slow.receive().map((message) => message._tag === 'Some' && message.value))
  expect(got).toEqual([0, 8, 9])
  ctx.cancel()
  await running.join().attempt()
  expect(target.listeners).toBe(0)
})

it('removes its listener when the subscriber leaves, and listens again for the next', async () => {
  const target = new Target()
  const events = fromEventTarget(target, 'a', { capacity: 1, policy: 'drop-newest' }).pipe(take(1))
  for (let i = 0; i < 2; i++) {
    const first = collect(background, events)
    await settle()
    target.fire('a')
    await first.join()
    expect(target.listeners).toBe(0)
  }
})

it('fails with OverflowError, and states its bound', async () => {
  const target = new Target()
  const events = fromEventTarget(target, 'a', { capacity: 1, policy: 'error' })
  const running = run(background, events.pipe(sendTo(chan())))
  await settle()
  for (let i = 0; i < 5; i++) target.fire('a')
  await settle()
  expect([bounds(events).items, target.listeners]).toEqual([2, 0])
  running.cancel()
  const failing = collect(background, events)
  await settle()
  for (let i = 0; i < 5; i++) target.fire('a')
  await expect(failing.join()).rejects.toBeInstanceOf(OverflowError)
})
