/** A server whose memory is full takes no more messages, and gives those that it has: settling them frees the memory. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { background } from 'millrace'
import { settle, through } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromRedis, plan, redisOnce, toRedis, type FromRedis } from 'millrace/redis'
import { take } from 'rxjs'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { clientAt } from './harness.js'
import { RedisServer } from './server.js'

let server: RedisServer
let client: Redis
beforeEach(async () => {
  server = new RedisServer()
  await server.start()
  client = clientAt(server.port)
})
afterEach(async () => {
  client.disconnect()
  await server.close()
})

/** Twenty messages, of which the server has deleted two unread; its memory is full then. */
async function filled(stream: string): Promise<void> {
  const ids: string[] = []
  for (let n = 0; n < 20; n++) ids.push((await client.xadd(stream, '*', 'value', String(n))) as string) // an id is made
  await client.xtrim(stream, 'MINID', ids[2])
  await fill()
}

async function fill(): Promise<void> {
  await client.config('SET', 'maxmemory', '1')
  await expect(client.xadd('other', '*', 'value', '20')).rejects.toThrow('OOM')
}

async function worked(options: FromRedis, work: (n: number) => Promise<void> | void): Promise<unknown[]> {
  const done: unknown[] = []
  const worker = through(async (n: number) => {
    await work(n)
    done.push(n)
  })
  await run(background, fromRedis<number>(client, options).pipe(take(18), workerPool(4, worker), settle({ retry: 'later' }))).join()
  return done
}

const rest = Array.from({ length: 18 }, (_, i) => i + 2)

it('a queue is worked off while the memory of the server is full, also where a message was deleted unread', async () => {
  await plan(client, { queue: 'in' }).apply()
  await filled('in')
  expect(await worked({ queue: 'in' }, () => {})).toEqual(rest)
})

it('a log is worked off while the memory of the server is full: its partitions are claimed, kept, read, settled and let go', async () => {
  await plan(client, { log: 'in' }).apply()
  await filled('in:0')
  const log: FromRedis = { log: 'in', remove: true, lease: 300, window: 8 }
  expect(await worked(log, (n) => (n === 5 ? pause(600) : undefined))).toHaveLength(18) // two leases, which only beats keep
  expect(await client.xlen('in:0')).toBe(0)
  expect(await client.hget('{in:0}:millrace:millrace:owner', 'owner')).toBe('')
})

it.each(['log', 'queue'])('publishing to a %s fails while the memory of the server is full', async (use) => {
  await fill()
  const to = toRedis(client, { stream: 'out', ...(use === 'log' && { partitions: 1 }), id: () => 'one' })
  await expect(Promise.resolve(publishing(background, outgoing('more'), to).join())).rejects.toMatchObject({
    name: 'RedisRefusedError',
    code: 'OOM',
  })
  expect(await client.exists('out', 'out:0')).toBe(0)
})

it('an effect that has happened is noted while the memory of the server is full, and none is begun', async () => {
  const store = redisOnce(client)
  const times = { lease: 60_000, within: 60_000 }
  await store.claim('a', 'me', times)
  await fill()
  await store.finish('a', 'me', 60_000)
  expect(await store.claim('a', 'you', times)).toEqual({ state: 'done' })
  await expect(Promise.resolve(store.claim('b', 'me', times))).rejects.toMatchObject({ name: 'RedisRefusedError', code: 'OOM' })
})
