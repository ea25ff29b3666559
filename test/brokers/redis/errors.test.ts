/** Bad input and a server that is not as it should be: each has an error that says so, and nothing hangs. */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { background, onLateFailure } from 'millrace'
import { settle } from 'millrace/broker'
import { run } from 'millrace/operators'
import { fromRedis, plan, toRedis, type FromRedis, type RedisClient } from 'millrace/redis'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { clientAt } from './harness.js'
import { RedisServer } from './server.js'

const server = new RedisServer()
const locked = new RedisServer(['--requirepass', 'secret'])
const clients: Redis[] = []
const clientOf = (port: number, more: { readonly password?: string } = {}): Redis => {
  const client = clientAt(port, more)
  clients.push(client)
  return client
}
let client: Redis
beforeAll(async () => {
  await Promise.all([server.start(), locked.start()])
  client = clientOf(server.port)
})
afterAll(async () => {
  for (const one of clients) one.disconnect()
  await Promise.all([server.close(), locked.close()])
})

const failure = (of: RedisClient, options: FromRedis): Promise<unknown> =>
  Promise.resolve(run(background, fromRedis(of, options).pipe(settle())).join()).then(
    () => 'no failure',
    (error: unknown) => error,
  )
const store = (of: RedisClient, stream: string, value: unknown, more: object = {}) =>
  publishing(background, outgoing(value), toRedis(of, { stream, ...more }))
    .join()
    .attempt()

describe('fromRedis', () => {
  it('says that the server is away', async () => {
    const away = clientOf(1)
    expect(await failure(away, { queue: 'users', patience: 150 })).toMatchObject({
      name: 'RedisAwayError',
      message: expect.stringMatching(/^fromRedis\(client, \{ queue: "users" \}\): the server was away for 150 ms: /) as string,
    })
  })

  it('says that the client is closed', async () => {
    const closed = new Redis({ port: server.port, host: '127.0.0.1' })
    await closed.quit()
    expect(await failure(closed, { queue: 'users' })).toMatchObject({ name: 'RedisClosedError' })
  })

  it('says that a password is wrong, or missing', async () => {
    expect(await failure(clientOf(locked.port, { password: 'wrong' }), { queue: 'users' })).toMatchObject({
      name: 'RedisRefusedError',
      code: expect.stringMatching(/^(?:WRONGPASS|NOAUTH)$/) as string, // of the login, or of the command that followed
    })
    expect(await failure(clientOf(locked.port), { queue: 'users' })).toMatchObject({ name: 'RedisRefusedError', code: 'NOAUTH' })
  })

  it('names the cure where the stream or the group is missing, and a key of another type', async () => {
    const message = async (options: FromRedis): Promise<string> => ((await failure(client, options)) as Error).message
    const cure = 'the stream or its group is missing: plan(client, …).apply() creates them'
    expect(await message({ queue: 'nothing' })).toBe(`fromRedis(client, { queue: "nothing" }): ${cure}`)
    await plan(client, { queue: 'other', group: 'a' }).apply()
    expect(await message({ queue: 'other', group: 'b' })).toBe(`fromRedis(client, { queue: "other" }): ${cure}`)
    await client.set('text', '1')
    expect(await message({ queue: 'text' })).toBe('fromRedis(client, { queue: "text" }): the key of the stream has another type')
  })

  it('fails where the group is deleted while it waits', async () => {
    await plan(client, { queue: 'passing' }).apply()
    const failing = failure(client, { queue: 'passing' })
    const waits = async (): Promise<boolean> => ((await client.client('LIST')) as string).includes('cmd=xreadgroup')
    await expect.poll(waits).toBe(true)
    await client.xgroup('DESTROY', 'passing', 'millrace')
    expect(await failing).toMatchObject({ name: 'RedisSetupError' })
  })

  it('names a server that is too old', async () => {
    const call = () => Promise.resolve('# Server\r\nredis_version:6.0.16\r\n')
    const old: RedisClient = { call, duplicate: () => ({ call, on() {}, disconnect() {} }) }
    expect(await failure(old, { queue: 'users' })).toMatchObject({
      name: 'RedisVersionError',
      version: '6.0.16',
      message: expect.stringContaining('Redis 6.0.16, and 6.2 or later is needed') as string,
    })
  })
})

describe('fromRedis of a log', () => {
  it('names the cure where a partition is missing, and fails once', async () => {
    await plan(client, { log: 'few', partitions: 2 }).apply()
    const late: unknown[] = []
    const off = onLateFailure((error) => void late.push(error))
    expect(await failure(client, { log: 'few', partitions: 3 })).toMatchObject({
      name: 'RedisSetupError',
      message: 'fromRedis(client, { log: "few" }): the stream or its group is missing: plan(client, …).apply() creates them',
    })
    off()
    expect(late).toEqual([])
  })
})

describe('plan', () => {
  it('has a stream for each partition of a log', async () => {
    const two = plan(client, { log: 'parts', partitions: 2 })
    expect((await two.apply()).map(({ what }) => what)).toEqual([
      'group "millrace" of the stream "parts:0"',
      'group "millrace" of the stream "parts:1"',
    ])
    expect(await two.check()).toEqual([])
    expect(await plan(client, { log: 'parts', partitions: 3 }).check()).toHaveLength(1)
  })

  it('creates the stream and the group, and says what it has created', async () => {
    const created = { kind: 'create', what: 'group "g" of the stream "planned"', differences: [] }
    const planned = plan(client, { queue: 'planned', group: 'g' })
    expect(await planned.check()).toEqual([created])
    expect(await client.exists('planned')).toBe(0)
    expect(await planned.apply()).toEqual([created])
    expect([await planned.check(), await planned.apply()]).toEqual([[], []])
  })

  it('may be applied by several processes at once', async () => {
    const applied = await Promise.all(Array.from({ length: 4 }, () => plan(client, { queue: 'at once' }).apply()))
    expect(applied).toHaveLength(4)
    expect(await plan(client, { queue: 'at once' }).check()).toEqual([])
  })

  it('says that a key has another type', async () => {
    await client.set('a text', '1')
    await expect(Promise.resolve(plan(client, { queue: 'a text' }).apply())).rejects.toMatchObject({
      name: 'RedisSetupError',
      message: 'plan(): the key "a text" is a string, and no stream',
    })
  })
})

describe('toRedis', () => {
  it('is refused by a stream that is full', async () => {
    const full = { limit: 2 }
    expect((await store(client, 'small', 1, full))._tag).toBe('Right')
    expect((await store(client, 'small', 2, full))._tag).toBe('Right')
    expect(await store(client, 'small', 3, { ...full })).toMatchObject({
      left: { name: 'RedisFullError', message: 'toRedis(): the stream "small" has 2 messages, which is its limit' },
    })
    expect(await client.xlen('small')).toBe(2)
  })

  it('names a key of another type', async () => {
    await client.set('no stream', '1')
    expect(await store(client, 'no stream', 1)).toMatchObject({ left: { name: 'RedisSetupError' } })
  })

  it('drops the oldest where that is asked for', async () => {
    for (let n = 0; n < 300; n++) await store(client, 'short', n, { maxLength: 100 })
    expect(await client.xlen('short')).toBeLessThan(300)
    for (let n = 1; n <= 300; n++) await client.xadd('aged', `1-${n}`, 'value', '1')
    expect((await store(client, 'aged', 2, { maxAge: 3_600_000 }))._tag).toBe('Right')
    expect(await client.xlen('aged')).toBeLessThan(300)
  })

  it('stores a message with a known id once', async () => {
    for (let n = 0; n < 3; n++) await store(client, 'ids', n, { id: () => 'one' })
    expect(await client.xlen('ids')).toBe(1)
    await store(client, 'ids', 1, { id: () => 'two', within: 0 })
    await store(client, 'ids', 1, { id: () => 'two', within: 0 })
    expect(await client.xlen('ids')).toBe(3)
  })
})
