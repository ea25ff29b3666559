import type { NatsConnection } from '@nats-io/transport-node'
import { background, withTimeout } from 'millrace'
import { lag, settle, through, type DeadDelivery } from 'millrace/broker'
import { fromNats, NatsClosedError, NatsSetupError, NatsVersionError, plan, type FromNats } from 'millrace/nats'
import { run, workerPool } from 'millrace/operators'
import { take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { natsStub } from '../../support/nats-stub.js'
import { servers } from './nats.js'

const open = servers()

async function received(nc: NatsConnection, options: FromNats<unknown>, n: number): Promise<readonly unknown[]> {
  using ctx = withTimeout(background, 60_000)
  const all: unknown[] = []
  const look = through((value: unknown) => void all.push(value))
  await run(ctx, fromNats(nc, options).pipe(take(n), workerPool(1, look), settle())).join()
  return all
}

describe('fromNats of a queue', () => {
  it('waits while the server is away, and settles after the reconnect: nothing comes twice', async () => {
    const opened = await open()
    const nc = await opened.connect()
    await plan(nc, { queue: 'in' }).apply()
    await nc.request('in', '1')
    using ctx = withTimeout(background, 60_000)
    let restarted = Promise.resolve()
    const seen: unknown[] = []
    const work = through(async (value: unknown) => {
      seen.push(value)
      if (seen.length > 1) return
      await opened.server.kill()
      restarted = opened.server.start()
    })
    await run(ctx, fromNats(nc, { queue: 'in' }).pipe(take(1), workerPool(1, work), settle())).join()
    await restarted
    await expect.poll(async () => (await lag(fromNats(nc, { queue: 'in' }))).underWay).toBe(0)
    expect(await lag(fromNats(nc, { queue: 'in' }))).toMatchObject({ waiting: 0, underWay: 0, oldestMs: 0 })
    expect(seen).toEqual([1])
  })

  it('gives up at once what cannot be read, with the bytes as they came', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'in' }).apply()
    await nc.request('in', '{')
    await nc.request('in', '2')
    using ctx = withTimeout(background, 60_000)
    const letters: DeadDelivery[] = []
    const deadLetters = (letter: DeadDelivery) => void letters.push(letter)
    await run(ctx, fromNats(nc, { queue: 'in' }).pipe(take(1), settle({ deadLetters }))).join()
    expect(letters.map(({ payload, cause }) => [Buffer.from(payload as Uint8Array).toString(), (cause as Error).name])).toEqual([
      ['{', 'SyntaxError'],
    ])
  })

  it('says how far it is behind, and how old the oldest message is', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'in' }).apply()
    const source = fromNats(nc, { queue: 'in' })
    expect(await lag(source)).toEqual({ waiting: 0, underWay: 0, oldestMs: 0, byPartition: [0], missed: 0 })
    for (let n = 0; n < 3; n++) await nc.request('in', String(n))
    await expect.poll(async () => (await lag(source)).oldestMs).toBeGreaterThan(10)
    expect(await lag(source)).toMatchObject({ waiting: 3, underWay: 0, byPartition: [3] })
    expect(await received(nc, { queue: 'in' }, 3)).toEqual([0, 1, 2])
  })
})

describe('fromNats fails clearly', () => {
  const failure = async (nc: NatsConnection, options: FromNats<unknown>): Promise<Error> =>
    await received(nc, options, 1).then(
      () => new Error('nothing failed'),
      (cause: Error) => cause,
    )

  it('where the stream or the consumer is missing: with what creates it', async () => {
    const nc = await (await open()).connect()
    const missing = await failure(nc, { queue: 'in' })
    expect(missing).toBeInstanceOf(NatsSetupError)
    expect(missing.message).toBe(
      'fromNats(nc, { queue: "in" }): the server has no stream "in"; plan(nc, …).apply() creates what is missing',
    )
    await plan(nc, { queue: 'in' }).apply()
    expect((await failure(nc, { queue: 'in', group: 'other' })).message).toMatch(/the stream "in" has no consumer "other"; plan/)
  })

  it('where the consumer is no queue, or its lease too short for the beat', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'in', group: 'short', lease: 1500 }).apply()
    const config = { durable_name: 'all', ack_policy: 'all' }
    await nc.request('$JS.API.CONSUMER.CREATE.in.all', JSON.stringify({ stream_name: 'in', config }))
    expect((await failure(nc, { queue: 'in', group: 'all' })).message).toMatch(/has ack_policy "all", and a queue needs "explicit"/)
    expect((await failure(nc, { queue: 'in', group: 'short' })).message).toMatch(
      /an ack_wait of 1500 ms, too short for a beat each 1000 ms; give a beat of 500/,
    )
  })

  it('where the consumer is deleted meanwhile', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'in' }).apply()
    const failed = failure(nc, { queue: 'in' })
    await expect
      .poll(async () => (await nc.request('$JS.API.CONSUMER.INFO.in.millrace')).json<{ num_waiting: number }>().num_waiting)
      .toBe(1)
    await nc.request('$JS.API.CONSUMER.DELETE.in.millrace')
    expect((await failed).message).toMatch(/the consumer "millrace" of "in" was deleted/)
  })

  it('where the connection is closed', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'in' }).apply()
    const failed = failure(nc, { queue: 'in' })
    await expect
      .poll(async () => (await nc.request('$JS.API.CONSUMER.INFO.in.millrace')).json<{ num_waiting: number }>().num_waiting)
      .toBe(1)
    await nc.close()
    expect(await failed).toBeInstanceOf(NatsClosedError)
  })

  it('where the server has no JetStream', async () => {
    const nc = await (await open({ config: 'accounts { A { users = [{ user: u, password: p }] } }' })).connect({ user: 'u', pass: 'p' })
    const error = await failure(nc, { queue: 'in', patience: 300 })
    expect(error.message).toMatch(/JetStream/)
  })

  it('where the server is too old: with its version, and the one that is needed', async () => {
    const nc = Object.assign(natsStub(1), { info: { version: '2.8.4' } }) as unknown as NatsConnection
    const error = await failure(nc, { queue: 'in' })
    expect(error).toBeInstanceOf(NatsVersionError)
    expect(error.message).toBe('fromNats(nc, { queue: "in" }): the server is nats-server 2.8.4, and a queue needs 2.9.0 or later')
  })
})
