/** The laws of brokers on a real server. They wait for most of their time, so files of their own run them side by side. */
import { onLateFailure } from 'millrace'
import { laws, type Law, type OpenBroker } from 'millrace/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { openNats } from './harness.js'

/** Every `parts`th law of the shape, from `part` on. */
export function keepsTheLaws(use: 'log' | 'queue', part = 0, parts = 1): void {
  lawsOf(`A ${use} of NATS JetStream`, openNats, (all) =>
    all.filter(({ name }) => name.endsWith(`, ${use}`)).filter((_, i) => i % parts === part),
  )
}

export function lawsOf(subject: string, open: OpenBroker, pick: (all: readonly Law[]) => readonly Law[]): void {
  // A worker that is killed has no connection any more: its source fails with that, and nobody waits for it.
  const late: unknown[] = []
  const takeBack = onLateFailure((error) => {
    if ((error as Error).name !== 'NatsClosedError') late.push(error)
  })
  afterAll(() => {
    takeBack()
    expect(late).toEqual([])
  })

  describe(`${subject} keeps the laws of brokers`, () => {
    for (const law of pick(laws.broker(open, { realTime: true, lease: 1500 }))) it(law.name, () => law.check())
  })
}
