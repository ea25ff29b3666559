import { left, right } from 'fp-ts/lib/Either.js'
import { chan } from 'millrace'
import { expect, it } from 'vitest'
import { done, performed, waiting } from '../support/outcome.js'
import { settle } from '../support/settle.js'

it('JS-001 trySend returns whether a receiver or the buffer took the value, and throws on a closed channel', async () => {
  const ch = chan<number>()
  expect(ch.trySend(1)).toBe(false)
  performed(ch.receive())
  await settle()
  expect(ch.trySend(1)).toBe(true)
  expect(ch.trySend(2)).toBe(false)

  const buffered = chan<number>(1)
  expect([buffered.trySend(1), buffered.trySend(2)]).toEqual([true, false])

  for (const each of [ch, buffered]) {
    each.close()
    expect(() => each.trySend(3)).toThrow('send on closed channel')
  }
})

it('JS-002 tryReceive distinguishes a value (undefined included), "empty" and "closed"', async () => {
  const ch = chan<number | undefined>()
  expect(ch.tryReceive()).toStrictEqual(left('empty'))
  const sends = [performed(ch.send(undefined)), performed(ch.send(1))]
  await settle()
  expect(ch.tryReceive()).toStrictEqual(right(undefined))
  await settle()
  expect(sends.map(({ now }) => now)).toEqual([done(undefined), waiting])
  expect(ch.tryReceive()).toStrictEqual(right(1))
  expect(ch.tryReceive()).toStrictEqual(left('empty'))
  ch.close()
  expect(ch.tryReceive()).toStrictEqual(left('closed'))
})
