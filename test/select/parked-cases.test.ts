/** A choice parks one case for each of its operations, and reuses free cases, so that a select in a loop allocates none. */
import { background, chan, choose, select, withCancel, type Chan, type Op } from 'millrace'
import { expect, it } from 'vitest'
import type { Channel } from '../../src/runtime/channel/channel.js'
import type { Waiter } from '../../src/runtime/operation/waiter.js'
import { performed } from '../support/outcome.js'
import { settle } from '../support/settle.js'

/** The number of cases kept for reuse; the rest is garbage. */
const MOST = 1024

/** The parked receivers, in order. */
function receivers(ch: Chan<number>): Waiter[] {
  const waiters: Waiter[] = []
  for (let one = (ch as Channel<number>).receivers.first; one !== null; one = one.next) waiters.push(one)
  return waiters
}

it.each<[string, number, (ch: Chan<number>) => Op<unknown>]>([
  ['a select', 2, (ch) => select({ first: ch.receive(), second: ch.receive() })],
  ['a choice', 2, (ch) => choose(ch.receive(), ch.receive())],
  ['a select in a select', 4, (ch) => select([select([ch.receive(), ch.receive()]), ch.receive()])],
  ['an operation within a context', 2, (ch) => ch.receive().within(withCancel(background))],
])('%s parks the same %i cases each time, whether it was chosen, threw, was withdrawn or returned a value', async (_, cases, make) => {
  const ch = chan<number>()
  const parked = new Set<Waiter>()
  for (const end of ['left', 'chosen', 'gave back', 'threw', 'left']) {
    const op = make(ch)
    const outcome = performed(end === 'threw' ? op.map(() => expect.unreachable('a throw')) : op)
    await settle()
    for (const one of receivers(ch)) parked.add(one)
    if (end !== 'left') expect(ch.trySend(1)).toBe(true)
    if (end === 'left' || end === 'gave back') outcome.leave()
    await settle()
    ch.tryReceive()
  }
  expect(parked.size).toBeGreaterThan(0)
  expect(parked.size).toBeLessThanOrEqual(cases)
})

it('a wide select keeps as many cases as there is room for', async () => {
  const ch = chan<number>()
  const wide = select(Array.from({ length: 3 * MOST }, () => ch.receive()))
  const once = async () => {
    const outcome = performed(wide)
    await settle()
    const waiters = receivers(ch)
    outcome.leave()
    await settle()
    return new Set(waiters)
  }
  const first = await once()
  const second = await once()
  expect([first.size, second.size]).toEqual([3 * MOST, 3 * MOST])
  expect([...second].filter((one) => first.has(one))).toHaveLength(MOST)
})
