/** Publishes that a server has taken and not answered, as one that is not the leader of the stream any more. */
import type { NatsConnection } from '@nats-io/nats-core'
import { background, now, sleep, withCancel } from 'millrace'
import { memoryBroker, settle } from 'millrace/broker'
import { toNats } from 'millrace/nats'
import { run } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { take } from 'rxjs'
import { expect, it } from 'vitest'
import { natsStub } from '../support/nats-stub.js'

const N = 500
const numbers = Array.from({ length: N }, (_, i) => i)

/** A connection that drops these publishes, by their number; `stored` has the values of the others. */
function dropping(isDropped: (n: number) => boolean): { readonly nc: NatsConnection; readonly stored: number[] } {
  const stub = natsStub()
  const stored: number[] = []
  let n = 0
  const publish = (...args: Parameters<typeof stub.publish>) => {
    if (isDropped(n++)) return
    stored.push(Number(args[1]))
    stub.publish(...args)
  }
  return { nc: { ...stub, publish }, stored } // as far as it is used
}

function* published(nc: NatsConnection): Generator<never, void> {
  using ctx = withCancel(background)
  const broker = memoryBroker({ lease: 600_000 })
  for (const value of numbers) broker.publish('in', value, { key: String(value) })
  const source = broker.connect().from<number>({ queue: 'in', prefetch: N })
  yield* run(ctx, source.pipe(take(N), toNats(nc, { subject: 'out' }), settle())).join()
}

it('publishes without an answer are sent again together, 5 to 6 s after their first sending', () =>
  bubble(function* () {
    const { nc, stored } = dropping((n) => n < 200)
    const began = now()
    yield* published(nc)
    expect(now() - began).toBeLessThanOrEqual(6100)
    expect([...stored].sort((a, b) => a - b)).toEqual(numbers)
  }))

it('a probe without an answer is sent again, and the others after it', () =>
  bubble(function* () {
    const { nc, stored } = dropping((n) => n < 202) // the first probe and the second, too
    const began = now()
    yield* published(nc)
    expect(now() - began).toBeLessThanOrEqual(16_200)
    expect([...stored].sort((a, b) => a - b)).toEqual(numbers)
    yield* sleep(60_000) // the publisher ends
  }))
