/** The neutral async context, on every host that has contexts. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, it } from 'vitest'
import { captureScope, whenNeutral, type AsyncScope } from '../../src/runtime/base/async-scope.js'

const store = new AsyncLocalStorage<string>()

/** The neutral context for code that runs in the store of a request. */
const neutralIn = (request: string): Promise<AsyncScope> => store.run(request, () => new Promise(whenNeutral))

it('the neutral context has no stores, whatever stores the code has that asks for it', async () => {
  const neutral = await neutralIn('request 1')
  expect(neutral.runInAsyncScope(() => store.getStore())).toBeUndefined()
})

it('the neutral context has no stores of the code that loaded a module before', async () => {
  const moduleUrl = 'data:text/javascript,'
  await store.run('request 1', () => import(moduleUrl)) // Deno leaves this context behind for the host's callbacks
  const neutral = await neutralIn('request 2')
  expect(neutral.runInAsyncScope(() => store.getStore())).toBeUndefined()
})

it('the code that asks for the neutral context keeps its stores', () => {
  store.run('request 1', () => {
    whenNeutral(() => {})
    expect(store.getStore()).toBe('request 1')
    expect(captureScope().runInAsyncScope(() => store.getStore())).toBe('request 1')
  })
})
