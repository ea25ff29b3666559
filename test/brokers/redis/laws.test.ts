import { afterAll, beforeAll, describe, it } from 'vitest'
import { laws } from 'millrace/testing'
import { openRedis } from './harness.js'
import { RedisServer } from './server.js'

const server = new RedisServer()
beforeAll(() => server.start())
afterAll(() => server.close())

describe('Redis, a queue', () => {
  const all = laws.broker(openRedis(server), { realTime: true, lease: 900 })
  for (const law of all.filter(({ name }) => name.endsWith('queue'))) it(law.name, () => law.check())
})
