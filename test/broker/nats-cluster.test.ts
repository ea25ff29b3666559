/** Answers of a server of a cluster that was started again, and has not read yet what the cluster knows. */
import type { NatsConnection } from '@nats-io/nats-core'
import { background, now, withCancel } from 'millrace'
import { settle, type Delivery } from 'millrace/broker'
import { fromNats, NatsSetupError, plan } from 'millrace/nats'
import { run } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { take, tap } from 'rxjs'
import { expect, it } from 'vitest'
import { natsStub } from '../support/nats-stub.js'

const NO_CONSUMER = { code: 404, err_code: 10014, description: 'consumer not found' }
const NO_STREAM = { code: 404, err_code: 10059, description: 'stream not found' }
const OFFLINE = { code: 500, err_code: 10118, description: 'stream is offline' }

/** A connection to a server that gives this error to its first requests; `asked` counts them. */
function failing(error: object, times: number, info: object): { readonly nc: NatsConnection; readonly asked: () => number } {
  const stub = natsStub(1)
  let asked = 0
  const failure = { json: () => ({ error }) }
  const request = (...args: Parameters<typeof stub.request>) => (++asked <= times ? Promise.resolve(failure) : stub.request(...args))
  const nc = { ...stub, info: { ...stub.info, ...info }, request } as unknown as NatsConnection // as far as it is used
  return { nc, asked: () => asked }
}

const CLUSTER = { cluster: 'c' }

function* values(nc: NatsConnection): Generator<never, readonly unknown[]> {
  const seen: unknown[] = []
  using ctx = withCancel(background)
  const look = tap(({ value }: Delivery<unknown>) => void seen.push(value))
  yield* run(ctx, fromNats(nc, { queue: 'in' }).pipe(take(1), look, settle())).join()
  return seen
}

function* failure(nc: NatsConnection): Generator<never, unknown> {
  try {
    return yield* values(nc)
  } catch (error) {
    return error
  }
}

it.each([NO_CONSUMER, NO_STREAM])('a source of a cluster goes on after: $description', (error) =>
  bubble(function* () {
    const { nc } = failing(error, 24, CLUSTER)
    expect(yield* values(nc)).toEqual([1])
  }),
)

it.each([NO_CONSUMER, NO_STREAM])('a cluster that says for 5 s is believed: $description', (error) =>
  bubble(function* () {
    const { nc, asked } = failing(error, Infinity, CLUSTER)
    const began = now()
    expect(yield* failure(nc)).toBeInstanceOf(NatsSetupError)
    expect([asked(), now() - began]).toEqual([25, 4800]) // 24 pauses of 200 ms
  }),
)

it('a server without a cluster is believed at once, and so is a cluster by `plan`', () =>
  bubble(function* () {
    const alone = failing(NO_STREAM, Infinity, {})
    expect(yield* failure(alone.nc)).toBeInstanceOf(NatsSetupError)
    expect(alone.asked()).toBe(1)
    const cluster = failing(NO_STREAM, 1, CLUSTER)
    const [{ kind, what }] = yield* plan(cluster.nc, { queue: 'in' }).check()
    expect([kind, what, cluster.asked()]).toEqual(['create', 'stream "in"', 2])
  }))

it('a stream whose servers are away is waited for', () =>
  bubble(function* () {
    const { nc } = failing(OFFLINE, 100, CLUSTER)
    expect(yield* values(nc)).toEqual([1])
  }))
