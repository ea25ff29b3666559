import { chan } from 'millrace'
import { expect, it } from 'vitest'

it('send and trySend have no name, which a compiler that keeps names would define anew for each channel', () => {
  const { send, trySend } = chan<number>()
  expect([send.name, trySend.name]).toEqual(['', ''])
})
