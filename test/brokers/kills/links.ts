/** The way of a worker to each engine: the source of `in`, and the stage that publishes to `out`. */
import { connect } from '@nats-io/transport-node'
import { Producer } from '@platformatic/kafka'
import { Cluster, Redis } from 'ioredis'
import type { Delivery } from 'millrace/broker'
import { fromKafka, toKafka } from 'millrace/kafka'
import { fromNats, toNats } from 'millrace/nats'
import { fromPostgres, toPostgres, type PostgresPool } from 'millrace/postgres'
import { fromRedis, toRedis } from 'millrace/redis'
import pg from 'pg'
import { tap, type Observable, type OperatorFunction } from 'rxjs'
import type { WorkerSettings } from './settings.js'

interface Link {
  readonly source: Observable<Delivery<number>>
  readonly to: OperatorFunction<Delivery<number>, Delivery<number>>
  close(): Promise<unknown>
}

/** The position of the message in `in`, where the messages of `out` have ids. */
const idIn = ({ hasIds }: WorkerSettings) =>
  hasIds ? { id: ({ position }: Delivery<number>) => `${position.partition}:${position.offset}` } : {}

async function toNatsServer(settings: WorkerSettings): Promise<Link> {
  const { host, port, use, partitions, window, lease } = settings
  const reconnect = { reconnectTimeWait: 50, reconnectJitter: 0, maxReconnectAttempts: -1, pingInterval: lease / 2 }
  const more = { ignoreClusterUpdates: true, noAsyncTraces: true, waitOnFirstConnect: true }
  const nc = await connect({ servers: `${host}:${port}`, ...reconnect, ...more })
  const log = { log: 'in', partitions, window } as const
  return {
    source: fromNats<number>(nc, { ...(use === 'log' ? log : { queue: 'in' }), beat: Math.min(500, lease / 3), prefetch: 64 }),
    to: toNats<number>(nc, { subject: ({ key }) => `out.${key}`, ...idIn(settings) }),
    close: () => nc.close(),
  }
}

function toPostgresServer(settings: WorkerSettings): Promise<Link> {
  const { host, port, use, partitions, window, lease, fault } = settings
  const place = { host, port, user: 'postgres', database: 'postgres' }
  const pool = new pg.Pool({ ...place, max: 12 })
  const late = new pg.Pool({ ...place, max: 4, connectionTimeoutMillis: 600 })
  for (const each of [pool, late]) each.on('error', () => {}) // the server is killed on purpose
  const shape = use === 'log' ? { log: 'in', partitions } : { queue: 'in' }
  return Promise.resolve({
    source: fromPostgres<number>(fault === 'ignores-takeovers' ? unfenced(pool) : pool, {
      ...shape,
      window,
      lease,
      beat: Math.min(500, lease / 3),
      prefetch: 64,
    }),
    to:
      fault === 'drops-refusals' || fault === 'drops-late'
        ? unconfirmed(fault === 'drops-late' ? late : pool)
        : toPostgres<number>(pool, { topic: 'out', ...idIn(settings) }),
    close: () => Promise.all([pool.end(), late.end()]),
  })
}

/** With a fault: a pool whose statements do not ask who the owner of a partition is. */
function unfenced(pool: pg.Pool): PostgresPool {
  const query = (text: string, values?: unknown[]) =>
    pool.query(text.replaceAll('owner = $3 and epoch = $4', '$3::text is not null and $4::bigint is not null'), values)
  return { query, connect: () => pool.connect() }
}

/** With a fault: deliveries go on before the server has stored their message, and its refusals are dropped. */
function unconfirmed(pool: pg.Pool): OperatorFunction<Delivery<number>, Delivery<number>> {
  return tap(({ value, key }: Delivery<number>) => {
    pool.query(`select millrace.publish('out', $1, $2)`, [key, String(value)]).catch(() => {})
  })
}

function toRedisServer(settings: WorkerSettings): Promise<Link> {
  const { engine, host, port, use, partitions, window, lease } = settings
  const client = engine === 'redis' ? new Redis({ host, port, retryStrategy: () => 50 }) : new Cluster([{ host, port }])
  client.on('error', () => {}) // the server is killed on purpose
  const shape = use === 'log' ? { log: 'in', partitions } : { queue: 'in' }
  return Promise.resolve({
    source: fromRedis<number>(client, { ...shape, remove: true, window, lease, beat: Math.min(500, lease / 3), prefetch: 64 }),
    to: toRedis<number>(client, { stream: 'out', ...idIn(settings) }),
    close: () => client.quit(),
  })
}

function toKafkaServer({ host, port, partitions, window, lease }: WorkerSettings): Promise<Link> {
  const patience = 120_000 // a JVM may take half a minute to start on a busy machine
  const client = new Producer({ clientId: 'kills', bootstrapBrokers: [`${host}:${port}`], retries: 1, retryDelay: 50 })
  return Promise.resolve({
    source: fromKafka<number>(client, { log: 'in', partitions, window, patience, beat: Math.min(500, lease / 3), prefetch: 64 }),
    to: toKafka<number>(client, { topic: 'out', patience }),
    close: () => client.close(),
  })
}

export const links: Record<WorkerSettings['engine'], (settings: WorkerSettings) => Promise<Link>> = {
  nats: toNatsServer,
  postgres: toPostgresServer,
  redis: toRedisServer,
  'redis cluster': toRedisServer,
  kafka: toKafkaServer,
}
