/** A cluster with both clients: each command goes to the server of its keys, and a slot may move to another server. */
import { Cluster } from 'ioredis'
import { Cluster as ValkeyCluster } from 'iovalkey'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { background, withCancel, withTimeout } from 'millrace'
import { byKey, drain, lag, once, replay, settle, through } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { doctor, fromRedis, plan, redisDeadLetters, redisOnce, toRedis } from 'millrace/redis'
import { take } from 'rxjs'
import { PRIMARIES, RedisCluster } from './cluster.js'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await RedisCluster.start()
})
afterAll(() => cluster.close())

const numbers = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i)
const inOrder = (all: readonly number[]): readonly number[] => [...all].sort((a, b) => a - b)

async function store(client: Cluster, stream: (n: number) => string, n: number): Promise<void> {
  await Promise.all(numbers(n).map((i) => client.xadd(stream(i), '*', 'value', String(i), 'key', `k${i % 7}`)))
}

describe.each(['ioredis', 'iovalkey'] as const)('with %s', (name) => {
  const clientOf = () => (name === 'ioredis' ? cluster.connect() : new ValkeyCluster([{ host: '127.0.0.1', port: cluster.nodes[0].port }]))

  it('messages go from a queue to a log and through once, and a dead letter goes back; hardly a command is sent elsewhere', async () => {
    const client = clientOf()
    const direct = cluster.connect()
    const [from, to, dead] = ['from', 'to', 'dead'].map((stream) => `${name} ${stream}`)
    const plans = [plan(client, { queue: from }), plan(client, { log: to, partitions: 4 }), plan(client, { queue: dead })]
    for (const one of plans) expect(await one.apply()).not.toEqual([])
    for (const one of plans) expect(await one.check()).toEqual([])
    await store(direct, () => from, 500)
    await cluster.forgetErrors()

    using ctx = withTimeout(background, 30_000)
    const failing = through((n: number) => {
      if (n === 77) throw new Error('77')
      return n
    })
    const deadLetters = redisDeadLetters(client, { stream: dead })
    const publishing = toRedis<number>(client, { stream: to, partitions: 4, id: ({ position }) => String(position), limit: 1000 })
    const queue = fromRedis<number>(client, { queue: from, remove: true })
    expect(await lag(queue)).toMatchObject({ waiting: 500, missed: 0 })
    await run(ctx, queue.pipe(take(500), workerPool(16, failing), publishing, settle({ attempts: 1, deadLetters }))).join()

    const log = fromRedis<number>(client, { log: to, partitions: 4, remove: true })
    expect(await lag(log)).toMatchObject({ waiting: 499, missed: 0 })
    const done: number[] = []
    const noted = once<number>(redisOnce(client), { within: 60_000 }, (n) => void done.push(n))
    await run(ctx, log.pipe(take(499), byKey((delivery) => delivery.key, 8, (n) => n), workerPool(16, noted), settle())).join() // prettier-ignore
    expect(inOrder(done)).toEqual(numbers(500).filter((n) => n !== 77))
    expect(await lag(log)).toMatchObject({ waiting: 0, underWay: 0, missed: 0 })

    const again = await replay(ctx, fromRedis(client, { queue: dead }), { to: toRedis(client, { stream: from }) }).join()
    expect(again).toEqual({ replayed: 1, kept: 0, left: 0 })
    expect(await direct.xlen(from)).toBe(1)
    expect(await cluster.redirections()).toBeLessThan(40) // each reader looks for its primary; else each command of a client may be one
    client.disconnect()
    direct.disconnect()
  })

  it('sources that wait are drained at once: their reads are interrupted at the servers where they wait', async () => {
    const client = clientOf()
    const ctx = withCancel(background)
    const queues = numbers(8).map((n) => `${name} idle ${n}`)
    for (const queue of queues) await plan(client, { queue }).apply()
    const draining = queues.map((queue) => drain(ctx, fromRedis(client, { queue, poll: 60_000, lease: 60_000 }).pipe(settle())).join())
    await expect.poll(() => cluster.waiting()).toBe(queues.length)
    const began = performance.now()
    ctx.cancel()
    await Promise.all(draining)
    expect(performance.now() - began).toBeLessThan(1500) // without an interruption the farewell takes 2 s
    client.disconnect()
  })
})

describe.each(['log', 'queue'] as const)('a %s whose slot moves to another server', (use) => {
  it('stands while the slot is on its way, and loses nothing', async () => {
    const client = cluster.connect()
    const [name, out] = [`moving ${use}`, `moved ${use}`]
    const stream = use === 'log' ? `${name}:0` : name
    const shape = use === 'log' ? { log: name } : { queue: name }
    await plan(client, shape).apply()
    const ctx = withCancel(background)
    const source = fromRedis<number>(client, { ...shape, remove: true })
    const worked = source.pipe(byKey((delivery) => delivery.key, 8, (n) => n), toRedis(client, { stream: out }), settle()) // prettier-ignore
    const draining = drain(ctx, worked).join()
    const arrived = (n: number) => expect.poll(() => client.xlen(out), { timeout: 20_000 }).toBeGreaterThanOrEqual(n)
    await store(client, () => stream, 100)
    await arrived(100)
    const move = await cluster.move(stream)
    await store(client, () => stream, 100) // at the old server, or at the new one
    await move.ends()
    await store(client, () => stream, 100)
    await arrived(300)
    await expect.poll(() => client.xlen(stream)).toBe(0)
    ctx.cancel()
    await draining
    const values = (await client.xrange(out, '-', '+')).map(([, fields]) => Number(fields[fields.indexOf('value') + 1]))
    expect([...new Set(inOrder(values))]).toEqual(numbers(100))
    client.disconnect()
  })
})

it('doctor looks at each primary, and warns of those without a replica', async () => {
  const client = cluster.connect()
  await cluster.at(1).config('SET', 'appendfsync', 'everysec')
  const { settings, warnings } = await doctor(client)
  expect(settings.map(({ name, value }) => `${name} = ${value}`)).toEqual([
    'appendonly = yes',
    'appendfsync = always',
    'maxmemory-policy = noeviction',
    'appendfsync = everysec',
  ])
  expect(warnings[0]).toBe('appendfsync = everysec: a power cut loses about the last second')
  const alone = cluster.nodes.map(
    ({ port }) => `the primary 127.0.0.1:${port} has no replica: its streams are away while it is, and lost with its disk`,
  )
  expect(warnings.slice(1).sort()).toEqual(alone.sort())
  expect(alone).toHaveLength(PRIMARIES)
  await cluster.at(1).config('SET', 'appendfsync', 'always')
  client.disconnect()
})
