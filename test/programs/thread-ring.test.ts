import { expect, it } from 'vitest'
import { background, chan, errgroup, go, numGoroutine, range, withCancel, type Chan, type Receiver, type Sender } from 'millrace'
import { settle } from '../support/settle.js'

const SIZE = 503

function* thread(number: number, from: Receiver<number>, to: Sender<number>, winner: Sender<number>) {
  for (const it = range(from); yield* it.next();) {
    if (it.value === 0) yield* winner.send(number)
    else yield* to.send(it.value - 1)
  }
}

function* ring(start: number) {
  using ctx = withCancel(background) // ends the ring
  const group = errgroup(ctx)
  const winner = chan<number>()
  const links = Array.from({ length: SIZE }, () => chan<number>())
  const link = (i: number): Chan<number> => links[i % SIZE]
  for (let i = 0; i < SIZE; i++) group.go(() => thread(i + 1, link(i), link(i + 1), winner))
  yield* link(0).send(start)
  const it = range(winner)
  yield* it.next()
  return it.value
}

it.each([
  [1000, 498],
  [5000, 474],
  [100_000, 407],
  [503, 1],
  [502, 503],
])('P-03 in a ring of 503, %i passed on and counted down ends at %i', async (start, winner) => {
  const before = numGoroutine()
  expect(await go(ring, start).join()).toBe(winner)
  await settle()
  expect(numGoroutine()).toBe(before)
})
