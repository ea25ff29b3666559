/** The laws of brokers on a real server. They wait for most of their time, so files of their own run them side by side. */
import { onLateFailure } from 'millrace'
import { laws } from 'millrace/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { openNats } from './harness.js'

/** Every `parts`th law of the shape, from `part` on. */
export function keepsTheLaws(use: 'log' | 'queue', part = 0, parts = 1): void {
  // A worker that is killed has no connection any more: its source fails with that, and nobody waits for it.
  const late: unknown[] = []
  const takeBack = onLateFailure((error) => {
    if ((error as Error).name !== 'NatsClosedError') late.push(error)
  })
  afterAll(() => {
    takeBack()
    expect(late).toEqual([])
  })

  describe(`A ${use} of NATS JetStream keeps the laws of brokers`, () => {
    const all = laws.broker(openNats, { realTime: true, lease: 1500 }).filter(({ name }) => name.endsWith(`, ${use}`))
    for (const law of all.filter((_, i) => i % parts === part)) it(law.name, () => law.check())
  })
}
