/** Bad input and a server that is not as it should be: each has an error that says so, and nothing hangs. */
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { background, onLateFailure } from 'millrace'
import { settle, through, type DeadDelivery } from 'millrace/broker'
import { fromPostgres, outbox, plan, postgresDeadLetters, toPostgres, type FromPostgres, type PostgresPool } from 'millrace/postgres'
import { run, workerPool } from 'millrace/operators'
import { take } from 'rxjs'
import { poolAt } from './harness.js'
import { PostgresServer } from './server.js'

const server = new PostgresServer()
const pools: pg.Pool[] = []
const poolOf = (settings: pg.PoolConfig): pg.Pool => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres', ...settings })
  pool.on('error', () => {})
  pools.push(pool)
  return pool
}
let pool: pg.Pool
beforeAll(async () => {
  await server.start()
  pool = poolAt(server.port)
  pools.push(pool)
  for (const queue of ['users', 'names', 'dead', 'single']) await plan(pool, { queue }).apply()
  await plan(pool, { log: 'orders', partitions: 3 }).apply()
})
afterAll(async () => {
  for (const one of pools) await one.end()
  await server.close()
})

const failure = (of: PostgresPool, options: FromPostgres): Promise<unknown> =>
  Promise.resolve(run(background, fromPostgres(of, options).pipe(settle())).join()).then(
    () => 'no failure',
    (error: unknown) => error,
  )

describe('fromPostgres', () => {
  it('says that the server is away', async () => {
    const away = poolOf({ port: 1 })
    expect(await failure(away, { queue: 'users', patience: 150 })).toMatchObject({
      name: 'PostgresAwayError',
      message: expect.stringMatching(
        /^fromPostgres\(pool, \{ queue: "users" \}\): the server was away for 150 ms: .*ECONNREFUSED/,
      ) as string,
    })
  })

  it('says that a database or a role is not there', async () => {
    expect(await failure(poolOf({ database: 'nowhere' }), { queue: 'users' })).toMatchObject({
      name: 'PostgresRefusedError',
      code: '3D000',
      message: expect.stringContaining('database "nowhere" does not exist') as string,
    })
    expect(await failure(poolOf({ user: 'nobody' }), { queue: 'users' })).toMatchObject({ name: 'PostgresRefusedError', code: '28000' })
  })

  it('names the cure where tables or topics are missing', async () => {
    const message = async (options: FromPostgres): Promise<string> => ((await failure(pool, options)) as Error).message
    expect(await message({ queue: 'users', schema: 'elsewhere' })).toBe(
      'fromPostgres(pool, { queue: "users" }): the schema elsewhere has not the tables of millrace: plan(pool, …).apply() creates them',
    )
    expect(await message({ queue: 'nothing' })).toBe(
      'fromPostgres(pool, { queue: "nothing" }): there is no topic "nothing": plan(pool, { queue: "nothing" }).apply() creates it',
    )
    expect(await message({ queue: 'orders' })).toBe(
      'fromPostgres(pool, { queue: "orders" }): the topic "orders" is a log, and a queue is wanted',
    )
  })

  it('names a server that is too old', async () => {
    const query = () => Promise.resolve({ rows: [{ number: 90_603, name: '9.6.3' }] })
    const old: PostgresPool = { query, connect: () => Promise.resolve({ query, on() {}, release() {} }) }
    expect(await failure(old, { queue: 'users' })).toMatchObject({
      name: 'PostgresVersionError',
      version: '9.6.3',
      message: expect.stringContaining('PostgreSQL 9.6.3, and 12 or later is needed') as string,
    })
  })

  it('names a client without the row that a statement has', async () => {
    const query = () => Promise.resolve({ rows: [] })
    const empty: PostgresPool = { query, connect: () => Promise.resolve({ query, on() {}, release() {} }) }
    expect(((await failure(empty, { queue: 'users' })) as Error).message).toBe(
      'fromPostgres(pool, { queue: "users" }): client.query(): the result: expected a result with a row, got an array of 0',
    )
  })

  it('fails once where the topic of several partitions is missing', async () => {
    const late: unknown[] = []
    const off = onLateFailure((error) => void late.push(error))
    expect(await failure(pool, { log: 'nothing', partitions: 8 })).toMatchObject({ name: 'PostgresSetupError' })
    await pool.query('select 1') // the other partitions have asked by then
    off()
    expect(late).toEqual([])
  })

  it('needs no more than one client of the pool', async () => {
    const one = poolOf({ max: 1 })
    await outbox(one, { topic: 'single', value: 'it came' })
    const seen: unknown[] = []
    const taking = fromPostgres(one, { queue: 'single', poll: 50 }).pipe(
      take(1),
      workerPool(
        1,
        through((value) => void seen.push(value)),
      ),
      settle(),
    )
    await run(background, taking).join()
    expect(seen).toEqual(['it came'])
  })

  it('fails where the partitions are not those of the log', async () => {
    expect(await failure(pool, { log: 'orders', partitions: 4 })).toMatchObject({
      name: 'PostgresSetupError',
      message: expect.stringContaining('has 3 partitions, and 4 are given') as string,
    })
  })
})

it('the words of the server stand alone in the message', async () => {
  const error = await Promise.resolve(outbox(pool, { topic: 'nothing', value: 1 })).catch((cause: unknown) => cause)
  expect(error).toMatchObject({
    name: 'PostgresSetupError',
    message: expect.stringMatching(/^outbox\(\): there is no topic "nothing"/) as string,
  })
})

describe('plan', () => {
  it('says what differs, and changes nothing', async () => {
    const [change] = await plan(pool, { log: 'orders', partitions: 5 }).apply()
    expect(change).toEqual({
      kind: 'differs',
      what: 'topic "orders"',
      differences: ['a log of 3 partitions, and not a log of 5 partitions'],
    })
    expect(await plan(pool, { log: 'orders', partitions: 3 }).check()).toEqual([])
  })

  it('may be applied by several processes at once', async () => {
    const schema = 'at_once'
    const applied = await Promise.all(Array.from({ length: 4 }, () => plan(pool, { schema, log: 'a', partitions: 2 }).apply()))
    expect(applied).toHaveLength(4)
    expect(await plan(pool, { schema, log: 'a', partitions: 2 }).check()).toEqual([])
  })
})

describe('values', () => {
  it('of 8 MB, of text that JSON escapes, and null, come as they were', async () => {
    const values = ['x'.repeat(8_000_000), 'a\u0000b\ud800', null, { deep: [1, { two: 2 }] }]
    for (const value of values) await outbox(pool, { topic: 'users', value })
    const seen: unknown[] = []
    await run(
      background,
      fromPostgres(pool, { queue: 'users' }).pipe(
        take(values.length),
        workerPool(
          1,
          through((value) => void seen.push(value)),
        ),
        settle(),
      ),
    ).join()
    expect(seen).toEqual(values)
  })

  it('without JSON is given up, with its dead letter', async () => {
    await outbox(pool, { topic: 'users', value: 1, key: 'k', headers: { traceparent: 't' } })
    const letters: DeadDelivery[] = []
    const stored = postgresDeadLetters(pool, { topic: 'dead' })
    await run(
      background,
      fromPostgres(pool, { queue: 'users' }).pipe(
        take(1),
        workerPool(
          1,
          through(() => undefined),
        ),
        toPostgres(pool, { topic: 'names' }),
        settle({ deadLetters: (letter) => (letters.push(letter), stored(letter)) }),
      ),
    ).join()
    expect(letters.map(({ cause }) => (cause as Error).message)).toEqual([expect.stringContaining('toPostgres(): the value')])
    const { rows } = await pool.query(`select key, value, headers from millrace.message where topic = 'dead'`)
    expect(rows).toEqual([
      { key: 'k', value: 1, headers: expect.objectContaining({ traceparent: 't', 'millrace-attempts': '1' }) as object },
    ])
  })

  it('without JSON are refused, with the parameter and the reason', () => {
    const cycle: Record<string, unknown> = {}
    cycle.self = cycle
    const messageOf = (value: unknown): string => {
      try {
        void outbox(pool, { topic: 'users', value })
        return 'no error'
      } catch (error) {
        return (error as Error).message
      }
    }
    expect([cycle, 1n, undefined].map(messageOf)).toEqual([
      expect.stringMatching(/^outbox\(client, \{ value \}\): expected a value that JSON has: TypeError: Converting circular/),
      expect.stringMatching(/^outbox\(client, \{ value \}\): expected a value that JSON has: TypeError: .*BigInt/),
      'outbox(client, { value }): expected a value that JSON has, got undefined',
    ])
  })

  it('with a known id are stored once', async () => {
    const publishing = { topic: 'names', value: 1, id: 'one' }
    for (let n = 0; n < 3; n++) await outbox(pool, publishing)
    const { rows } = await pool.query(`select count(*)::int as n from millrace.message where topic = 'names'`)
    expect(rows).toEqual([{ n: 1 }])
  })
})
