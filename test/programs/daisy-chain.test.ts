import { expect, it } from 'vitest'
import { chan, go, numGoroutine, range, type Receiver, type Sender } from 'millrace'
import { settle } from '../support/settle.js'

function* link(from: Receiver<number>, to: Sender<number>) {
  const it = range(from)
  yield* it.next()
  yield* to.send(it.value + 1)
}

function* daisyChain(length: number) {
  const leftmost = chan<number>()
  let right = leftmost
  for (let i = 0; i < length; i++) {
    const left = right
    right = chan<number>()
    go(link, right, left)
  }
  yield* right.send(1)
  const it = range(leftmost)
  yield* it.next()
  return it.value
}

it('P-08 a number passes through a chain of 100,000 goroutines, each of which adds one', async () => {
  const before = numGoroutine()
  expect(await go(daisyChain, 100_000).join()).toBe(100_001)
  await settle()
  expect(numGoroutine()).toBe(before)
})
