/** Values, keys, dead letters, lag, and records of other programs. */
import { murmur2, Producer, stringSerializers } from '@platformatic/kafka'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { background, withTimeout } from 'millrace'
import { decode, drain, lag, settle, through, type DeadDelivery, type Delivery } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromKafka, kafkaDeadLetters, plan, toKafka, type FromKafka } from 'millrace/kafka'
import { take } from 'rxjs'
import { z } from 'zod'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { clientAt, storedIn } from './harness.js'
import { KafkaServer } from './server.js'

const server = new KafkaServer({ session: 2000 })
let client: Producer
beforeAll(async () => {
  await server.start()
  client = clientAt(server.address)
})
afterAll(async () => {
  await client.close()
  await server.close()
})

const store = (topic: string, value: unknown, facts?: Parameters<typeof outgoing>[1], maxBytes = 1_000_000) =>
  publishing(background, outgoing(value, facts), toKafka(client, { topic, maxBytes })).join()

/** The first messages, which are settled. */
async function taken(options: FromKafka, n: number): Promise<readonly Delivery<unknown>[]> {
  using ctx = withTimeout(background, 60_000)
  const all: Delivery<unknown>[] = []
  const look = through((_: unknown, _ctx, delivery: Delivery<unknown>) => void all.push(delivery))
  await run(ctx, fromKafka(client, options).pipe(take(n), workerPool(1, look), settle())).join()
  return all
}
const valuesOf = (all: readonly Delivery<unknown>[]) => all.map(({ value }) => value)

/** A client that writes texts, as other programs do. */
async function foreign(messages: readonly { topic: string; key?: string; value?: string }[]): Promise<void> {
  const theirs = new Producer({ clientId: 'foreign', bootstrapBrokers: [server.address], serializers: stringSerializers })
  await theirs.send({ messages: [...messages], acks: -1 })
  await theirs.close()
}

describe('messages', () => {
  it('come as they were, with key and headers: text that JSON escapes, null, and a value near the limit of the topic', async () => {
    const values = ['x'.repeat(999_000), 'a\u0000b\ud800 ü 漢', null, { deep: [1, { two: 2 }] }]
    await plan(client, { log: 'values' }).apply()
    const came = taken({ log: 'values' }, values.length)
    for (const value of values) await store('values', value, { key: 'k\n', headers: new Map([['traceparent', '00-1-2-01']]) })
    const all = await came
    expect(valuesOf(all)).toEqual(values)
    for (const { key, headers, attempt } of all) expect([key, [...headers], attempt]).toEqual(['k\n', [['traceparent', '00-1-2-01']], 1])
    expect(all.map(({ position }) => String(position))).toEqual(['values/0:0', 'values/0:1', 'values/0:2', 'values/0:3'])
    expect(await lag(fromKafka(client, { log: 'values' }))).toEqual({ waiting: 0, underWay: 0, oldestMs: 0, byPartition: [0], missed: 0 })
  })

  it('of a key are in one partition, in order: that of the clients of Kafka', async () => {
    // Of `Utils.murmur2` in Kafka's own tests.
    const known = { '21': -973_932_308, foobar: -790_332_482, 'a-little-bit-long-string': -985_981_536, abc: 479_470_107 }
    for (const [text, hash] of Object.entries(known)) expect([text, murmur2(Buffer.from(text)) | 0]).toEqual([text, hash])
    const partitions = 3
    const source = { log: 'keys', partitions }
    await plan(client, source).apply()
    const to = toKafka<number>(client, { topic: 'keys', key: ({ value }) => Object.keys(known)[value % 4] })
    await Promise.all(Array.from({ length: 40 }, (_, n) => publishing(background, outgoing(n), to).join()))
    expect(await lag(fromKafka(client, source))).toMatchObject({ waiting: 40, underWay: 0 })
    const all = await taken(source, 40)
    for (const [text, hash] of Object.entries(known)) {
      const ofKey = all.filter(({ key }) => key === text)
      const first = Object.keys(known).indexOf(text)
      expect(valuesOf(ofKey)).toEqual(Array.from({ length: 10 }, (_, i) => first + 4 * i))
      expect(new Set(ofKey.map(({ position }) => position.partition))).toEqual(new Set([(hash & 0x7fffffff) % partitions]))
    }
    expect(await lag(fromKafka(client, source))).toMatchObject({ waiting: 0, underWay: 0, byPartition: [0, 0, 0] })
  })

  it('of other programs are JSON, or dead letters as they came; a record without a value is null', async () => {
    await plan(client, { log: 'mixed' }).apply()
    await foreign([
      { topic: 'mixed', key: 'a', value: '{' },
      { topic: 'mixed', key: 'b', value: '{"name":7}' },
      { topic: 'mixed', key: 'c' },
      { topic: 'mixed', key: 'd', value: '{"name":"ada"}' },
    ])
    const letters: DeadDelivery[] = []
    const seen: unknown[] = []
    using ctx = withTimeout(background, 60_000)
    const users = fromKafka(client, { log: 'mixed' }).pipe(
      decode(z.object({ name: z.string() }).nullable()),
      workerPool(
        1,
        through((user) => void seen.push(user)),
      ),
      take(2),
      settle({ deadLetters: (letter) => void letters.push(letter) }),
    )
    await run(ctx, users).join()
    expect(seen).toEqual([null, { name: 'ada' }])
    expect(letters.map(({ payload, cause }) => [payload, (cause as Error).name])).toEqual([
      ['{', 'SyntaxError'],
      [{ name: 7 }, 'InvalidItemError'],
    ])
  })

  it('of a transaction that was aborted are left out, and the end of one is no message', async () => {
    await plan(client, { log: 'transactions' }).apply()
    const theirs = new Producer({
      clientId: 'theirs',
      bootstrapBrokers: [server.address],
      serializers: stringSerializers,
      idempotent: true,
      transactionalId: 'theirs',
    })
    for (const [value, end] of [
      ['1', 'commit'],
      ['2', 'abort'],
      ['3', 'commit'],
    ] as const) {
      const transaction = await theirs.beginTransaction()
      await transaction.send({ messages: [{ topic: 'transactions', key: 'k', value }] })
      await transaction[end]()
    }
    await theirs.close()
    expect(valuesOf(await taken({ log: 'transactions' }, 2))).toEqual([1, 3])
  })
})

describe('a group', () => {
  it('begins with what comes from now on, where the plan says so', async () => {
    const from = { log: 'late', group: 'late', from: 'new' } as const
    expect((await plan(client, from).apply()).map(({ what }) => what)).toEqual([
      'topic "late"',
      'start of the group "late" in the topic "late"',
    ])
    await plan(client, { ...from, group: 'later' }).check()
    await store('late', 1)
    expect(await plan(client, { ...from, group: 'later' }).apply()).toHaveLength(1)
    await store('late', 2)
    expect(valuesOf(await taken({ log: 'late', group: 'late' }, 2))).toEqual([1, 2])
    expect(valuesOf(await taken({ log: 'late', group: 'later' }, 1))).toEqual([2])
    expect(await plan(client, from).check()).toEqual([])
  })

  it('goes on with the first message that there is, where the server has deleted what it had not read', async () => {
    await plan(client, { log: 'deleted', group: 'd' }).apply()
    for (let n = 0; n < 4; n++) await store('deleted', n)
    expect(valuesOf(await taken({ log: 'deleted', group: 'd' }, 1))).toEqual([0])
    const { Admin } = await import('@platformatic/kafka')
    const admin = new Admin({ clientId: 'admin', bootstrapBrokers: [server.address] })
    await admin.deleteRecords({ topics: [{ name: 'deleted', partitions: [{ partition: 0, offset: 3n }] }] })
    await admin.close()
    expect(valuesOf(await taken({ log: 'deleted', group: 'd' }, 1))).toEqual([3])
  })

  it('has each message once, however large: a partition is read on where its first message fills the answer', async () => {
    await plan(client, { log: 'few' }).apply()
    for (let n = 0; n < 6; n++) await store('few', `${n}${'x'.repeat(5000)}`)
    const all = await taken({ log: 'few', fetchBytes: 100, window: 1 }, 6)
    expect(valuesOf(all).map((value) => String(value).slice(0, 1))).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  it('gives a message to another member where its hand-over takes too long, and the first one hears of it', async () => {
    const topic = { log: 'slow', partitions: 2, group: 'slow' }
    const source = { ...topic, handOver: 100, beat: 100 }
    await plan(client, topic).apply()
    for (let n = 0; n < 2; n++)
      await publishing(background, outgoing(n, { key: n === 0 ? '21' : 'abc' }), toKafka(client, { topic: 'slow' })).join()
    using first = withTimeout(background, 60_000)
    const revoked: unknown[] = []
    let isHeld = (): void => undefined
    const held = new Promise<void>((resolve) => (isHeld = resolve))
    let open = 0
    const stuck = through(function* (_: unknown, ctx, __: Delivery<unknown>) {
      if (++open === 2) isHeld()
      yield* ctx.done()
      revoked.push(ctx.err())
      throw new Error('revoked')
    })
    const holding = drain(first, fromKafka(client, source).pipe(workerPool(4, stuck), settle()), { within: 0 })
    await held
    expect(await taken(source, 1)).toHaveLength(1)
    expect(revoked).toHaveLength(1)
    first.cancel()
    await holding.join().attempt()
  })
})

describe('dead letters', () => {
  it('are messages with their cause', async () => {
    for (const log of ['texts', 'texts.dead']) await plan(client, { log }).apply()
    for (const text of ['1', '{']) await store('texts', text, { key: 'k' })
    using ctx = withTimeout(background, 60_000)
    const failing = through((text: string) => {
      if (text === '{') throw new SyntaxError(text)
    })
    const dead = kafkaDeadLetters(client, { topic: 'texts.dead' })
    const texts = fromKafka<string>(client, { log: 'texts' })
    await run(ctx, texts.pipe(take(2), workerPool(1, failing), settle({ attempts: 1, deadLetters: dead }))).join()
    const [letter, ...others] = await storedIn(client, 'texts.dead')
    expect(others).toEqual([])
    expect([letter.value, letter.key, letter.headers.get('millrace-cause'), letter.headers.get('millrace-position')]).toEqual([
      '{',
      'k',
      'SyntaxError: {',
      'texts/0:1',
    ])
  })

  it('of a value without JSON, and of one that is too large, say so', async () => {
    for (const log of ['in', 'out']) await plan(client, { log }).apply()
    for (const n of [1, 2]) await store('in', n)
    const causes: unknown[] = []
    using ctx = withTimeout(background, 60_000)
    const to = toKafka<number>(client, { topic: 'out', maxBytes: 10, value: ({ value }) => (value === 1 ? 1n : 'ü'.repeat(7)) })
    const deadLetters = ({ cause }: DeadDelivery) => void causes.push((cause as Error).message)
    await run(ctx, fromKafka<number>(client, { log: 'in' }).pipe(take(2), to, settle({ deadLetters }))).join()
    expect(causes).toEqual([
      expect.stringMatching(/^toKafka\(\): the value: expected a value that JSON has: .*BigInt/),
      'toKafka(): the message has 16 bytes, and maxBytes is 10',
    ])
  })
})

describe('a server that is killed', () => {
  it('is waited for: what was stored is there, and what was published meanwhile is stored once', async () => {
    await plan(client, { log: 'killed' }).apply()
    await store('killed', 0)
    const to = toKafka<number>(client, { topic: 'killed' })
    await server.kill()
    const published = Promise.all([1, 2, 3].map((n) => publishing(background, outgoing(n), to).join()))
    await server.start()
    await published
    expect((await storedIn(client, 'killed')).map(({ value }) => value)).toEqual([0, 1, 2, 3])
    expect(valuesOf(await taken({ log: 'killed' }, 4))).toEqual([0, 1, 2, 3])
  })
})
