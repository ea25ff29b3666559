/** PostgreSQL as the subject of the laws of brokers: a schema for each run, and a worker behind a proxy that can be cut. */
import pg from 'pg'
import type { Delivery } from 'millrace/broker'
import { fromPostgres, outbox, plan, toPostgres } from 'millrace/postgres'
import type { BrokerLawLink, BrokerLawSubject, BrokerSettings, OpenBroker, StoredMessage } from 'millrace/testing'
import type { Observable, OperatorFunction } from 'rxjs'
import { afterAll, beforeAll } from 'vitest'
import { Proxy } from '../proxy.js'
import { PostgresServer } from './server.js'

let schemas = 0

/** Errors of idle clients are the business of the owner of a pool: the server is killed here on purpose. */
export function poolAt(port: number): pg.Pool {
  const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: 12 })
  pool.on('error', () => {})
  return pool
}

/** A server for the tests of a file, and a pool of its clients. */
export function serverForTests(): { readonly server: PostgresServer; readonly pool: pg.Pool } {
  const server = new PostgresServer()
  const pool = poolAt(0)
  beforeAll(async () => {
    await server.start()
    pool.options.port = server.port
  })
  afterAll(async () => {
    await pool.end()
    await server.close()
  })
  return { server, pool }
}

export const openPostgres =
  (server: PostgresServer, use: 'log' | 'queue'): OpenBroker =>
  async ({ partitions, lease, window }: BrokerSettings): Promise<BrokerLawSubject> => {
    const schema = `run_${schemas++}`
    const pool = poolAt(server.port)
    await plan(pool, { schema, ...(use === 'log' ? { log: 'in', partitions } : { queue: 'in' }) }).apply()
    for (const queue of ['out', 'dead']) await plan(pool, { schema, queue }).apply()
    const links: PostgresLink[] = []
    return {
      publish: (topic, value, { key, headers = new Map<string, string>() }) =>
        outbox(pool, { topic, value, key, headers: Object.fromEntries(headers), schema }),
      async connect() {
        const link = new PostgresLink({ schema, partitions, lease, window })
        links.push(link)
        await link.open(server.port)
        return link
      },
      async messages(topic) {
        const { rows } = await pool.query(
          `select key, value, headers from "${schema}".message where topic = $1 order by stored_at, "offset"`,
          [topic],
        )
        return (rows as { key: string | null; value: unknown; headers: Record<string, string> }[]).map(
          ({ key, value, headers }): StoredMessage => ({ key, value, headers: new Map(Object.entries(headers)) }),
        )
      },
      kill: () => server.kill(),
      restart: () => server.start(),
      async close() {
        for (const link of links) await link.cut()
        await pool.query(`drop schema "${schema}" cascade`)
        await pool.end()
      },
    }
  }

class PostgresLink implements BrokerLawLink {
  private _pool: pg.Pool | null = null
  private _proxy: Proxy | null = null
  private _isCut = false

  constructor(private readonly _settings: BrokerSettings & { readonly schema: string }) {}

  async open(port: number): Promise<void> {
    this._proxy = new Proxy(port)
    this._pool = poolAt(await this._proxy.listen())
  }
  private get _opened(): pg.Pool {
    return this._pool as pg.Pool // opened
  }
  from<T>(options: Parameters<BrokerLawLink['from']>[0]): Observable<Delivery<T>> {
    const { partitions, lease, window, schema } = this._settings
    return fromPostgres<T>(this._opened, { ...options, ...(options.log !== undefined && { partitions }), lease, window, schema })
  }
  to<T>({ topic }: { readonly topic: string }): OperatorFunction<Delivery<T>, Delivery<T>> {
    return toPostgres<T>(this._opened, { topic, schema: this._settings.schema })
  }
  async cut(): Promise<void> {
    if (this._isCut) return
    this._isCut = true
    this._proxy?.cut()
    await this._pool?.end()
  }
  suspend(): void {
    this._proxy?.hold(true)
  }
  resume(): void {
    this._proxy?.hold(false)
  }
}
