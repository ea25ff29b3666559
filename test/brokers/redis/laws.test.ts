import { afterAll, beforeAll, describe, it } from 'vitest'
import { laws } from 'millrace/testing'
import { openRedis } from './harness.js'
import { RedisServer } from './server.js'

const server = new RedisServer()
beforeAll(() => server.start())
afterAll(() => server.close())

describe.each(['log', 'queue'] as const)('Redis, a %s', (use) => {
  const all = laws.broker(openRedis(server, use), { realTime: true, lease: 900 })
  for (const law of all.filter(({ name }) => name.endsWith(use))) it(law.name, () => law.check())
})
