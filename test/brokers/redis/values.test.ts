/** Values, dead letters, and what other programs write; both clients. */
import { Redis as Valkey } from 'iovalkey'
import { describe, expect, it } from 'vitest'
import { background, withTimeout } from 'millrace'
import { decode, lag, replay, settle, through, type DeadDelivery, type Delivery } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromRedis, plan, redisDeadLetters, toRedis, type FromRedis, type RedisClient } from 'millrace/redis'
import { take } from 'rxjs'
import { z } from 'zod'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { clientAt, serverForTests } from './harness.js'
import { RedisServer } from './server.js'

const { server, client } = serverForTests()

const store = (of: RedisClient, stream: string, value: unknown, facts?: Parameters<typeof outgoing>[1]) =>
  publishing(background, outgoing(value, facts), toRedis(of, { stream })).join()

/** The first messages, which are settled. */
async function taken(of: RedisClient, options: FromRedis, n: number): Promise<readonly Delivery<unknown>[]> {
  using ctx = withTimeout(background, 60_000)
  const all: Delivery<unknown>[] = []
  const look = through((_: unknown, _ctx, delivery: Delivery<unknown>) => void all.push(delivery))
  await run(ctx, fromRedis(of, options).pipe(take(n), workerPool(1, look), settle())).join()
  return all
}
const valuesOf = (all: readonly Delivery<unknown>[]) => all.map(({ value }) => value)

describe.each(['ioredis', 'iovalkey'] as const)('with %s', (name) => {
  it('values of 8 MB, of text that JSON escapes, and null, come as they were, with key and headers', async () => {
    const own = name === 'ioredis' ? client : new Valkey({ port: server.port, host: '127.0.0.1' })
    const values = ['x'.repeat(8_000_000), 'a\u0000b\ud800 ü 漢', null, { deep: [1, { two: 2 }] }]
    await plan(own, { queue: name }).apply()
    const came = taken(own, { queue: name }, values.length)
    for (const value of values) await store(own, name, value, { key: 'k\n', headers: new Map([['traceparent', '00-1-2-01']]) })
    const all = await came
    expect(valuesOf(all)).toEqual(values)
    for (const { key, headers, attempt } of all) expect([key, [...headers], attempt]).toEqual(['k\n', [['traceparent', '00-1-2-01']], 1])
    expect(await lag(fromRedis(own, { queue: name }))).toEqual({ waiting: 0, underWay: 0, oldestMs: 0, byPartition: [0], missed: 0 })
    if (own !== client) own.disconnect()
  })
})

describe('entries of other programs', () => {
  it('are records of their fields, or JSON in the field value', async () => {
    await plan(client, { queue: 'foreign' }).apply()
    await client.xadd('foreign', '*', 'name', 'ada', 'born', '1815')
    await client.xadd('foreign', '*', 'value', '{"name":"grace"}')
    expect(valuesOf(await taken(client, { queue: 'foreign' }, 2))).toEqual([{ name: 'ada', born: '1815' }, { name: 'grace' }])
  })

  it('that are no JSON become dead letters as they came, and so does what a schema refuses', async () => {
    await plan(client, { queue: 'mixed' }).apply()
    await client.xadd('mixed', '*', 'value', '{')
    await client.xadd('mixed', '*', 'value', '{"name":7}')
    await client.xadd('mixed', '*', 'value', '1', 'headers', '[1]')
    await client.xadd('mixed', '*', 'value', '{"name":"ada"}')
    const letters: DeadDelivery[] = []
    using ctx = withTimeout(background, 60_000)
    const seen: unknown[] = []
    const users = fromRedis(client, { queue: 'mixed' }).pipe(
      decode(z.object({ name: z.string() })),
      workerPool(
        1,
        through((user) => void seen.push(user)),
      ),
      take(1),
      settle({ deadLetters: (letter) => void letters.push(letter) }),
    )
    await run(ctx, users).join()
    expect(seen).toEqual([{ name: 'ada' }])
    const told = letters.map(({ payload, cause }) => [payload, (cause as Error).name])
    expect(told).toHaveLength(3)
    expect(told).toEqual(
      expect.arrayContaining([
        ['{', 'SyntaxError'],
        ['1', 'TypeError'],
        [{ name: 7 }, 'InvalidItemError'],
      ]) as unknown[],
    )
  })
})

describe('dead letters', () => {
  it('are messages with their cause, and are put back', async () => {
    for (const queue of ['texts', 'texts.dead']) await plan(client, { queue }).apply()
    for (const text of ['1', '{']) await store(client, 'texts', text, { key: 'k' })
    using ctx = withTimeout(background, 60_000)
    const texts = fromRedis<string>(client, { queue: 'texts', remove: true })
    const failing = through((text: string) => {
      if (text === '{') throw new SyntaxError(text)
    })
    const dead = redisDeadLetters(client, { stream: 'texts.dead' })
    await run(ctx, texts.pipe(take(2), workerPool(1, failing), settle({ attempts: 1, deadLetters: dead }))).join()
    const letters = fromRedis<string>(client, { queue: 'texts.dead' })
    expect(await lag(letters)).toMatchObject({ waiting: 1, underWay: 0 })
    expect(await client.xlen('texts')).toBe(0)
    const to = toRedis<string>(client, { stream: 'texts', id: ({ position }) => String(position) })
    expect(await replay(ctx, letters, { to }).join()).toEqual({ replayed: 1, kept: 0, left: 0 })
    const [again] = await taken(client, { queue: 'texts', remove: true }, 1)
    expect([again.value, again.key, again.headers.get('millrace-cause'), again.headers.get('millrace-replays')]).toEqual([
      '{',
      'k',
      'SyntaxError: {',
      '1',
    ])
  })

  it('of a value without JSON, and of one that is too large, say so', async () => {
    await plan(client, { queue: 'in' }).apply()
    for (const n of [1, 2]) await store(client, 'in', n)
    const causes: unknown[] = []
    using ctx = withTimeout(background, 60_000)
    const to = toRedis<number>(client, { stream: 'out', maxBytes: 10, value: ({ value }) => (value === 1 ? 1n : 'ü'.repeat(7)) })
    const deadLetters = ({ cause }: DeadDelivery) => void causes.push((cause as Error).message)
    await run(ctx, fromRedis<number>(client, { queue: 'in' }).pipe(take(2), to, settle({ deadLetters }))).join()
    expect(causes).toEqual([
      expect.stringMatching(/^toRedis\(\): the value: expected a value that JSON has: .*BigInt/),
      'toRedis(): the message has 16 bytes, and maxBytes is 10',
    ])
  })
})

describe('settled messages', () => {
  it('stay, or are deleted when all groups have settled them', async () => {
    for (const group of ['a', 'b']) await plan(client, { queue: 'shared', group }).apply()
    for (let n = 0; n < 3; n++) await store(client, 'shared', n)
    await taken(client, { queue: 'shared', group: 'a', remove: true }, 3)
    expect(await client.xlen('shared')).toBe(3)
    expect(valuesOf(await taken(client, { queue: 'shared', group: 'b', remove: true }, 2))).toEqual([0, 1])
    await store(client, 'shared', 3)
    await taken(client, { queue: 'shared', group: 'a', remove: true }, 1) // its look trims
    expect(await client.xlen('shared')).toBe(2)
    await plan(client, { queue: 'kept' }).apply()
    await store(client, 'kept', 1)
    await taken(client, { queue: 'kept' }, 1)
    expect(await client.xlen('kept')).toBe(1)
  })

  it('that are to come again wait for the end of their pause, with their attempts counted, and leave no consumer behind', async () => {
    await plan(client, { queue: 'back' }).apply()
    await store(client, 'back', 'flaky')
    const attempts: number[] = []
    using ctx = withTimeout(background, 60_000)
    const flaky = through((_: unknown, _ctx, { attempt }: Delivery<unknown>) => {
      attempts.push(attempt)
      if (attempt < 3) throw new Error('not yet')
    })
    const retried = settle({ attempts: 5, retry: 'later', schedule: () => 30 })
    // No message goes to another for an hour: what comes again was given back.
    await run(ctx, fromRedis(client, { queue: 'back', lease: 3_600_000, poll: 60_000 }).pipe(workerPool(1, flaky), take(1), retried)).join()
    expect(attempts).toEqual([1, 2, 3])
    const consumers = (await client.xinfo('CONSUMERS', 'back', 'millrace')) as readonly (readonly unknown[])[]
    expect(consumers.map(([, name]) => name)).toEqual(['millrace:later'])
  })
})

describe('a log', () => {
  it('has the messages of a key in one partition, in order, and its mark in the group', async () => {
    const partitions = 3
    await plan(client, { log: 'log', partitions }).apply()
    const to = toRedis<number>(client, { stream: 'log', partitions })
    for (let n = 0; n < 30; n++) await publishing(background, outgoing(n, { key: `k${n % 5}` }), to).join()
    const source = fromRedis(client, { log: 'log', partitions, remove: true })
    expect(await lag(source)).toMatchObject({ waiting: 30, underWay: 0 })
    const all = await taken(client, { log: 'log', partitions, remove: true }, 30)
    for (let key = 0; key < 5; key++) {
      const ofKey = all.filter((delivery) => delivery.key === `k${key}`)
      expect(valuesOf(ofKey)).toEqual([key, key + 5, key + 10, key + 15, key + 20, key + 25])
      expect(new Set(ofKey.map(({ position }) => position.partition)).size).toBe(1)
    }
    expect(await lag(source)).toMatchObject({ waiting: 0, underWay: 0, byPartition: [0, 0, 0] })
    expect(await Promise.all([0, 1, 2].map((n) => client.xlen(`log:${n}`)))).toEqual([0, 0, 0])
  })

  it('keeps its order where the clock of the server stands still: ids of one ms beyond those that offsets tell apart', async () => {
    await plan(client, { log: 'burst' }).apply()
    const ids = ['1577836800001-8191', '1577836800001-8192', '1577836800001-8193', '1577836800002-0', '1577836800002-1']
    for (const [n, id] of ids.entries()) await client.xadd('burst:0', id, 'value', String(n))
    const all = await taken(client, { log: 'burst' }, ids.length)
    expect(valuesOf(all)).toEqual([0, 1, 2, 3, 4])
    expect(all.map(({ position }) => String(position))).toEqual(ids.map((id) => `burst/0:${id}`))
    expect(await lag(fromRedis(client, { log: 'burst' }))).toMatchObject({ waiting: 0, underWay: 0 })
  })
})

describe('a server that is killed', () => {
  it('gets the text of a script with the call, where it was started again since the script was loaded', async () => {
    const call: RedisClient['call'] = async (command, args) => {
      const reply = await client.call(command, args)
      if (command === 'SCRIPT') await client.call('SCRIPT', ['FLUSH']) // as after a start
      return reply
    }
    const forgetful: RedisClient = { call, duplicate: (settings) => client.duplicate(settings) }
    await plan(forgetful, { queue: 'forgotten' }).apply()
    await store(client, 'forgotten', 1)
    expect(valuesOf(await taken(forgetful, { queue: 'forgotten' }, 1))).toEqual([1])
  })

  it('is waited for: what was stored is there with an append-only file, and nothing comes twice', async () => {
    const own = new RedisServer()
    await own.start()
    const theirs = clientAt(own.port)
    await plan(theirs, { queue: 'in' }).apply()
    await store(theirs, 'in', 1)
    using ctx = withTimeout(background, 60_000)
    let restarted = Promise.resolve()
    const seen: unknown[] = []
    const work = through(async (value: unknown) => {
      seen.push(value)
      if (seen.length > 1) return
      await own.kill()
      restarted = own.start()
    })
    await run(ctx, fromRedis(theirs, { queue: 'in' }).pipe(take(1), workerPool(1, work), settle())).join()
    await restarted
    expect(await lag(fromRedis(theirs, { queue: 'in' }))).toMatchObject({ waiting: 0, underWay: 0, oldestMs: 0 })
    expect(seen).toEqual([1])
    theirs.disconnect()
    await own.close()
  })
})
