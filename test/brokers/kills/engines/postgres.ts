import { plan } from 'millrace/postgres'
import pg from 'pg'
import { PostgresServer } from '../../postgres/server.js'
import type { ServerPlace } from '../../server-process.js'
import type { KillBroker, KillEngine, KillSizes } from '../engine.js'

class PostgresBroker implements KillBroker {
  constructor(
    private readonly _server: PostgresServer,
    private readonly _pool: pg.Pool,
  ) {}

  get host(): string {
    return this._server.host
  }
  get port(): number {
    return this._server.port
  }
  kill(): Promise<void> {
    return this._server.kill('SIGKILL')
  }
  start(): Promise<void> {
    return this._server.start()
  }
  async publish(first: number, end: number, keys: number): Promise<void> {
    const sql = `select millrace.publish('in', (n % $3)::text, to_json(n)) from generate_series($1::int, $2::int - 1) n order by n`
    await this._pool.query(sql, [first, end, keys])
  }
  private async _number(sql: string): Promise<number> {
    const { rows } = await this._pool.query<{ readonly n: number }>(sql)
    return rows[0].n
  }
  count(): Promise<number> {
    return this._number(`select count(*)::int as n from millrace.message where topic = 'out'`)
  }
  left(): Promise<number> {
    return this._number(`select count(*)::int as n from millrace.message where topic = 'in'`)
  }
  async values(): Promise<readonly number[]> {
    const sql = `select value::text::int as n from millrace.message where topic = 'out' order by "offset"`
    return (await this._pool.query<{ readonly n: number }>(sql)).rows.map(({ n }) => n)
  }
  async stores(): Promise<boolean> {
    try {
      await this._pool.query(`select millrace.publish('out', null, '-1')`)
      return true
    } catch {
      return false
    }
  }
  async close(): Promise<void> {
    await this._pool.end()
    await this._server.close()
  }
}

async function open({ use, partitions }: KillSizes, place: ServerPlace): Promise<KillBroker> {
  const server = new PostgresServer(place)
  await server.start()
  const pool = new pg.Pool({ host: server.host, port: server.port, user: 'postgres', database: 'postgres', max: 2 })
  pool.on('error', () => {}) // the server is killed on purpose
  await plan(pool, use === 'log' ? { log: 'in', partitions } : { queue: 'in' }).apply()
  await plan(pool, { queue: 'out' }).apply()
  return new PostgresBroker(server, pool)
}

export const postgres: KillEngine = {
  name: 'PostgreSQL',
  id: 'postgres',
  uses: ['log', 'queue'],
  hasIds: true,
  unconfirmed: 256,
  points: 2,
  disk: 96,
  open,
}
