/** The way of a worker to each engine: the source of `in`, and the stage that publishes to `out`. */
import { connect } from '@nats-io/transport-node'
import { Producer } from '@platformatic/kafka'
import { Redis } from 'ioredis'
import type { Delivery } from 'millrace/broker'
import { fromKafka, toKafka } from 'millrace/kafka'
import { fromNats, toNats } from 'millrace/nats'
import { fromPostgres, toPostgres } from 'millrace/postgres'
import { fromRedis, toRedis } from 'millrace/redis'
import pg from 'pg'
import type { Observable, OperatorFunction } from 'rxjs'
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
  const { host, port, use, partitions, window, lease } = settings
  const pool = new pg.Pool({ host, port, user: 'postgres', database: 'postgres', max: 12 })
  pool.on('error', () => {}) // the server is killed on purpose
  const shape = use === 'log' ? { log: 'in', partitions } : { queue: 'in' }
  return Promise.resolve({
    source: fromPostgres<number>(pool, { ...shape, window, lease, beat: Math.min(500, lease / 3), prefetch: 64 }),
    to: toPostgres<number>(pool, { topic: 'out', ...idIn(settings) }),
    close: () => pool.end(),
  })
}

function toRedisServer(settings: WorkerSettings): Promise<Link> {
  const { host, port, use, partitions, window, lease } = settings
  const client = new Redis({ host, port, retryStrategy: () => 50 })
  client.on('error', () => {}) // the server is killed on purpose
  const shape = use === 'log' ? { log: 'in', partitions } : { queue: 'in' }
  return Promise.resolve({
    source: fromRedis<number>(client, { ...shape, remove: true, window, lease, beat: Math.min(500, lease / 3), prefetch: 64 }),
    to: toRedis<number>(client, { stream: 'out', ...idIn(settings) }),
    close: () => client.quit(),
  })
}

function toKafkaServer({ host, port, partitions, window, lease }: WorkerSettings): Promise<Link> {
  const client = new Producer({ clientId: 'kills', bootstrapBrokers: [`${host}:${port}`], retries: 1, retryDelay: 50 })
  return Promise.resolve({
    source: fromKafka<number>(client, { log: 'in', partitions, window, beat: Math.min(500, lease / 3), prefetch: 64 }),
    to: toKafka<number>(client, { topic: 'out' }),
    close: () => client.close(),
  })
}

export const links: Record<WorkerSettings['engine'], (settings: WorkerSettings) => Promise<Link>> = {
  nats: toNatsServer,
  postgres: toPostgresServer,
  redis: toRedisServer,
  kafka: toKafkaServer,
}
