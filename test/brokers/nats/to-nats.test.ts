import type { NatsConnection } from '@nats-io/transport-node'
import { background, withTimeout } from 'millrace'
import { memoryBroker, settle, type DeadDelivery, type Delivery } from 'millrace/broker'
import { natsDeadLetters, NatsRefusedError, NatsTimeoutError, plan, subjectToken, toNats, UnpublishableError } from 'millrace/nats'
import { run } from 'millrace/operators'
import { take, type OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { openNats } from './harness.js'
import { countOf, servers } from './nats.js'

const open = servers()

/** The values, as messages of a broker, through the operator. */
async function published<T>(values: readonly T[], to: OperatorFunction<Delivery<T>, Delivery<T>>, ending = settle({ attempts: 1 })) {
  using ctx = withTimeout(background, 60_000)
  const broker = memoryBroker({ partitions: 1, window: values.length })
  for (const value of values) broker.publish('in', value, { key: 'a key' })
  const source = broker.connect().from<T>({ log: 'in', prefetch: values.length })
  await run(ctx, source.pipe(take(values.length), to, ending)).join()
}

async function errorOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => null,
    (cause: Error) => cause,
  )
  for (let at = error; at !== null; at = (at.cause ?? null) as Error | null) if (/^Nats|Unpub/.test(at.name)) return at
  throw error ?? new Error('nothing failed')
}

const many = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('toNats', () => {
  it('stores the messages in order, with keys, and passes the deliveries on', async () => {
    const subject = await openNats({ partitions: 1, lease: 1500, window: 100 })
    try {
      const link = await subject.connect()
      await published(many(1000), link.to({ topic: 'out' }))
      const out = await subject.messages('out')
      expect(out.map(({ value }) => value)).toEqual(many(1000))
      expect(new Set(out.map(({ key }) => key))).toEqual(new Set(['a key']))
    } finally {
      await subject.close?.()
    }
  })

  it('stores a message with an id once', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'out' }).apply()
    for (let twice = 0; twice < 2; twice++) await published(many(10), toNats(nc, { subject: 'out', id: ({ value }) => `id ${value}` }))
    expect(await countOf(nc, 'out')).toBe(10)
  })

  it('publishes what was not confirmed again after a restart of the server, in order and once each by its id', async () => {
    const opened = await open()
    const nc = await opened.connect()
    await plan(nc, { queue: 'out' }).apply()
    const all = many(20_000)
    const running = published(all, toNats(nc, { subject: 'out', id: ({ value }) => String(value) }))
    await expect.poll(() => countOf(nc, 'out'), { interval: 1 }).toBeGreaterThan(100)
    await opened.server.kill()
    await opened.server.start()
    await running
    expect(await countOf(nc, 'out')).toBe(all.length)
    expect(await valuesOf(nc, 'out', 50)).toEqual(many(50))
  })

  it('gives a message up that is too large, and stores the others', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'out' }).apply()
    const letters: DeadDelivery[] = []
    const deadLetters = (letter: DeadDelivery) => void letters.push(letter)
    const texts = ['small', 'x'.repeat(8 << 20), 'also small']
    await published(texts, toNats(nc, { subject: 'out' }), settle({ deadLetters }))
    expect(await countOf(nc, 'out')).toBe(2)
    expect(letters.map(({ cause }) => cause)).toEqual([expect.any(UnpublishableError)])
    expect((letters[0].cause as Error).message).toMatch(/a message to "out" cannot be published: .*max_payload/)
  })

  it('fails after its patience where no stream takes the subject, and names the subject', async () => {
    const nc = await (await open()).connect()
    const error = await errorOf(published([1], toNats(nc, { subject: 'nowhere', patience: 300 })))
    expect(error).toBeInstanceOf(NatsTimeoutError)
    expect(error.message).toBe('toNats(): "nowhere": no stream has taken the message for 300 ms')
  })

  it('fails with the words of the server where it refuses a message', async () => {
    const nc = await (await open()).connect()
    await nc.request('$JS.API.STREAM.CREATE.out', JSON.stringify({ name: 'out', subjects: ['out'], max_msg_size: 10, storage: 'file' }))
    const error = await errorOf(published(['more than ten bytes'], toNats(nc, { subject: 'out' })))
    expect(error).toBeInstanceOf(NatsRefusedError)
    expect(error.message).toBe('toNats(): the server refuses a message to "out": message size exceeds maximum allowed')
  })

  it('fails where the connection is closed', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'out' }).apply()
    await nc.close()
    expect((await errorOf(published([1], toNats(nc, { subject: 'out' })))).message).toBe('toNats(): the connection is closed')
  })

  it('fails where the user may not publish to the subject', async () => {
    const users = 'authorization { users = [{ user: u, password: p, permissions: { publish: { deny: "secret" } } }] }'
    const nc = await (await open({ config: users })).connect({ user: 'u', pass: 'p' })
    const error = await errorOf(published([1], toNats(nc, { subject: 'secret' })))
    expect(error.message).toMatch(/Permissions Violation for Publish to "secret"/)
  })
})

describe('natsDeadLetters', () => {
  it('stores the payload as it came, with the reason', async () => {
    const nc = await (await open()).connect()
    await plan(nc, { queue: 'dead' }).apply()
    const tooLarge = 'x'.repeat(8 << 20)
    const letters = natsDeadLetters(nc, { subject: 'dead', encode: (payload) => String(payload).slice(0, 3) })
    await published([tooLarge], toNats(nc, { subject: 'out' }), settle({ deadLetters: letters }))
    const { message } = (await nc.request('$JS.API.STREAM.MSG.GET.dead', '{"seq":1}')).json<{
      readonly message: { readonly data: string; readonly hdrs: string }
    }>()
    expect(Buffer.from(message.data, 'base64').toString()).toBe('xxx')
    const headers = Buffer.from(message.hdrs, 'base64').toString()
    expect(headers).toMatch(/millrace-cause: UnpublishableError: .*max_payload/)
    expect(headers).toMatch(/millrace-position: in\/0:0/)
  })
})

it('subjectToken makes one token of any text', () => {
  expect(['a.b', '', '*', '>', 'a b', '~', 'é', 'A-z_9'].map(subjectToken)).toEqual([
    'a%2Eb',
    '~',
    '%2A',
    '%3E',
    'a%20b',
    '%7E',
    '%C3%A9',
    'A-z_9',
  ])
})

async function valuesOf(nc: NatsConnection, stream: string, n: number): Promise<readonly unknown[]> {
  const all: unknown[] = []
  for (let seq = 1; seq <= n; seq++) {
    const answer = await nc.request(`$JS.API.STREAM.MSG.GET.${stream}`, JSON.stringify({ seq }))
    const { message } = answer.json<{ readonly message: { readonly data: string } }>()
    all.push(JSON.parse(Buffer.from(message.data, 'base64').toString()))
  }
  return all
}
