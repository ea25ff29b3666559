/** The order within a key of what is published to servers that refuse messages now and then: a stream that is full, a trigger that throws. */
import { connect } from '@nats-io/transport-node'
import { background, type Context } from 'millrace'
import { memoryBroker, settle, type Delivery } from 'millrace/broker'
import { subjectToken, toNats } from 'millrace/nats'
import { plan, toPostgres } from 'millrace/postgres'
import { toRedis } from 'millrace/redis'
import { setTimeout as pause } from 'node:timers/promises'
import type { OperatorFunction } from 'rxjs'
import { afterAll, expect, it } from 'vitest'
import { poolAt } from './postgres/harness.js'
import { PostgresServer } from './postgres/server.js'
import { clientAt } from './redis/harness.js'
import { RedisServer } from './redis/server.js'
import { startServer } from './server.js'

const MESSAGES = 300
const KEYS = 5

/** Publishes numbers of five keys; a message that is refused is tried again after 1 to 20 ms, as chance has it. Returns the failures. */
async function published(to: OperatorFunction<Delivery<number>, Delivery<number>>, ctx: Context = background): Promise<number> {
  const broker = memoryBroker({ partitions: 1 })
  for (let n = 0; n < MESSAGES; n++) broker.publish('in', n, { key: `k${n % KEYS}` })
  let failures = 0
  const schedule = (): number => {
    failures++
    return 1 + Math.random() * 20
  }
  await broker.work(ctx, 1, (link) => link.from<number>({ log: 'in' }).pipe(to, settle({ attempts: Infinity, schedule }))).join()
  return failures
}

function expectInOrder(stored: readonly number[]): void {
  expect(stored).toHaveLength(MESSAGES)
  for (let key = 0; key < KEYS; key++) {
    const ofKey = stored.filter((n) => n % KEYS === key)
    expect(ofKey).toEqual(Array.from({ length: MESSAGES / KEYS }, (_, i) => key + i * KEYS))
  }
}

const closing: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closing) await close()
})

it('Redis: a stream that is full', async () => {
  const server = new RedisServer()
  await server.start()
  const client = clientAt(server.port)
  closing.push(
    () => client.disconnect(),
    () => server.close(),
  )
  const stored: number[] = []
  let isOver = false
  const emptying = (async () => {
    while (!isOver) {
      for (const [id, fields] of await client.xrange('out', '-', '+')) {
        stored.push(Number(fields[fields.indexOf('value') + 1]))
        await client.xdel('out', id)
      }
      await pause(2)
    }
  })()
  expect(await published(toRedis<number>(client, { stream: 'out', limit: 7 }))).toBeGreaterThan(10)
  await pause(20)
  isOver = true
  await emptying
  expectInOrder(stored)
})

it('NATS: a stream that is full', async () => {
  const server = await startServer()
  const nc = await connect({ port: server.port })
  closing.push(
    () => nc.close(),
    () => server.close(),
  )
  const ask = async <A>(subject: string, body: object = {}): Promise<A> => (await nc.request(subject, JSON.stringify(body))).json<A>()
  await ask('$JS.API.STREAM.CREATE.out', { name: 'out', subjects: ['out.*'], max_msgs: 4, discard: 'new', storage: 'memory' })
  const stored: number[] = []
  let isOver = false
  let next = 1
  const emptying = (async () => {
    while (!isOver) {
      const { state } = await ask<{ state: { last_seq: number } }>('$JS.API.STREAM.INFO.out')
      for (; next <= state.last_seq; next++) {
        const { message } = await ask<{ message: { data: string } }>('$JS.API.STREAM.MSG.GET.out', { seq: next })
        stored.push(Number(atob(message.data)))
        await ask('$JS.API.STREAM.MSG.DELETE.out', { seq: next })
      }
      await pause(2)
    }
  })()
  const to = toNats<number>(nc, { subject: ({ key }) => `out.${subjectToken(key ?? '')}` })
  await published(to) // the stage waits for a stream that is full, as for a server that is away
  await pause(20)
  isOver = true
  await emptying
  expectInOrder(stored)
})

it('PostgreSQL: a trigger that throws', async () => {
  const server = new PostgresServer()
  await server.start()
  const pool = poolAt(server.port)
  closing.push(
    () => pool.end(),
    () => server.close(),
  )
  await plan(pool, { log: 'out' }).apply()
  await pool.query(`create function refuses() returns trigger language plpgsql as
    $body$ begin if random() < 0.1 then raise exception 'not now'; end if; return new; end $body$`)
  await pool.query('create trigger refuses before insert on millrace.message for each row execute function refuses()')
  expect(await published(toPostgres<number>(pool, { topic: 'out' }))).toBeGreaterThan(10)
  const { rows } = await pool.query<{ value: number }>(`select value from millrace.message where topic = 'out' order by "offset"`)
  expectInOrder(rows.map(({ value }) => value))
})
