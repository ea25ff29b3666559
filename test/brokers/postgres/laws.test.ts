import { afterAll, beforeAll, describe, it } from 'vitest'
import { laws } from 'millrace/testing'
import { openPostgres } from './harness.js'
import { PostgresServer } from './server.js'

const server = new PostgresServer()
beforeAll(() => server.start())
afterAll(() => server.close())

describe.each(['log', 'queue'] as const)('PostgreSQL, a %s', (use) => {
  const all = laws.broker(openPostgres(server, use), { realTime: true, lease: 900 })
  for (const law of all.filter(({ name }) => name.endsWith(use))) it(law.name, () => law.check())
})
