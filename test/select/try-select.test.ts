import { none, some } from 'fp-ts/lib/Option.js'
import { chan, choose, never, trySelect } from 'millrace'
import { expect, it } from 'vitest'
import { done, performed } from '../support/outcome.js'
import { seeded } from '../support/seeded.js'
import { settle } from '../support/settle.js'

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)
it('SE-001 trySelect without cases returns None', () => {
  expect(trySelect({})).toEqual(none)
  expect(trySelect([])).toEqual(none)
})

it('SE-005 a ready case is taken before the default', () => {
  using _ = seeded(1)
  for (const _ of upTo(100)) {
    const ch = chan<number>(1)
    expect(trySelect({ sent: ch.send(7), other: chan().receive() })).toEqual(some({ case: 'sent', value: undefined }))
    expect(trySelect({ other: chan().receive(), value: ch.receive() })).toEqual(some({ case: 'value', value: some(7) }))
    expect(trySelect({ other: chan().receive(), value: ch.receive() })).toEqual(none)
  }
})

it('trySelect takes a ready case and waits for nothing, with a send as with a receive', async () => {
  const ch = chan<number>(1)
  const cases = { sent: ch.send(1), value: ch.receive() }
  expect(trySelect(cases)).toEqual(some({ case: 'sent', value: undefined }))
  expect(trySelect(cases)).toEqual(some({ case: 'value', value: some(1) }))
  expect(trySelect([ch.receive()])).toEqual(none)
  const receive = performed(ch.receive())
  await settle()
  expect(trySelect([ch.send(2)])).toEqual(some({ case: 0, value: undefined }))
  await settle()
  expect(receive.now).toEqual(done(some(2)))
})

it('trySelect polls nested choices, and takes nothing when none is ready', () => {
  const ch = chan<number>(1)
  const cases = { inner: choose(never(), ch.receive()), other: never() }
  expect(trySelect(cases)).toEqual(none)
  ch.trySend(1)
  expect(trySelect(cases)).toEqual(some({ case: 'inner', value: some(1) }))
  expect(ch.size).toBe(0)
})
