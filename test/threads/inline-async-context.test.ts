import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, it } from 'vitest'
import { inline, onThreads } from 'millrace/threads'

it('inline runs the functions in the neutral async context', async () => {
  const request = new AsyncLocalStorage<string>()
  const { store } = onThreads({ url: 'file:///store.js' }, { store: () => request.getStore() ?? 'none' })
  using _here = inline()
  expect(await request.run('A', () => Promise.resolve(store()))).toBe('none')
})
