import { none, some } from 'fp-ts/lib/Option.js'
import { background, contextKey, withValue } from 'millrace'
import { expect, it } from 'vitest'

it('contextKey makes a key of its own each time: two keys of one name carry two values', () => {
  const [user, other] = [contextKey<string>('user'), contextKey<string>('user')]
  const ctx = withValue(background, user, 'ada')
  expect([ctx.value(user), ctx.value(other)]).toEqual([some('ada'), none])
  expect(withValue(ctx, other, 'grace').value(user)).toEqual(some('ada'))
})

it('contextKey keeps its name, which a context shows and the value it stands for does not', () => {
  const key = contextKey<string>('token')
  expect(key.name).toBe('token')
  expect(String(withValue(background, key, 'secret'))).toBe('context.Background.WithValue(token)')
})

it('contextKey makes a portable key where it is asked to', () => {
  expect(contextKey<string>('own').isPortable).toBeUndefined()
  expect(contextKey<string>('crossing', { portable: true })).toEqual({ name: 'crossing', isPortable: true })
  expect(() => contextKey('name', { portable: 1 as unknown as boolean })).toThrow('expected true or false')
})
