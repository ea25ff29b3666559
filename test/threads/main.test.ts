/** `main` of `millrace/node` in a thread. */
import { expect, it } from 'vitest'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { makeHost } from './real-threads.js'
import { settings } from './suite.js'
import { work } from './work-of-node.js'

it('a thread does not run the main function of its program', async () => {
  await using pool = new Threads(settings, makeHost())
  expect(await work.mains.on(pool)()).toBe(0)
})
