import { onLateFailure } from 'millrace'
import { laws } from 'millrace/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { openNats } from './harness.js'

// A worker that is killed has no connection any more: its source fails with that, and nobody waits for it.
const late: unknown[] = []
const takeBack = onLateFailure((error) => {
  if ((error as Error).name !== 'NatsClosedError') late.push(error)
})
afterAll(() => {
  takeBack()
  expect(late).toEqual([])
})

describe('NATS JetStream keeps the laws of brokers', () => {
  const all = laws.broker(openNats, { realTime: true, lease: 1500 })
  for (const law of all.filter(({ name }) => name.endsWith(', queue'))) it(law.name, () => law.check())
})
