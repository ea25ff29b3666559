/** What is no record of cases is refused at once, and nothing waits for ever. */
import { chan, select, trySelect } from 'millrace'
import { expect, it } from 'vitest'

class Cases {
  job = chan<number>(1).receive()
}

it.each([
  ['a promise', Promise.resolve(1), 'an instance of Promise'],
  ['a Map', new Map([['a', 1]]), 'an instance of Map'],
  ['an operation', chan<number>().receive(), 'an instance of Receive'],
  ['null', null, 'null'],
  ['a function', () => ({}), 'function'],
])('%s', (_, cases, shown) => {
  expect(() => select(cases as never)).toThrow(/select\(cases\): expected a record or an array of cases, got /)
  expect(() => trySelect(cases as never)).toThrow(shown)
})

it('but an instance with cases of its own, a record without a prototype, and one without cases are records', async () => {
  expect(trySelect(new Cases() as never)).toEqual({ _tag: 'None' })
  const bare = Object.assign(Object.create(null) as object, { ready: Promise.resolve(7) })
  expect(await select(bare as never)).toEqual({ case: 'ready', value: 7 })
  expect(trySelect({})).toEqual({ _tag: 'None' })
  expect(trySelect(Object.create(null) as never)).toEqual({ _tag: 'None' })
})
