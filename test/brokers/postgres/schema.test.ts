/** The version of the schema: an older one is brought up to date, a newer one is left as it is, and both are named where they are met. */
import { background } from 'millrace'
import { memoryOnce, once, settle } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromPostgres, inbox, outbox, plan, postgresOnce, toPostgres } from 'millrace/postgres'
import { take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { serverForTests } from './harness.js'

const { pool } = serverForTests()

/** A schema as version 1 had it, with a message: no version, and another function `claim`. */
async function older(schema: string): Promise<void> {
  await plan(pool, { schema, log: 'orders' }).apply()
  await outbox(pool, { schema, topic: 'orders', value: 'kept' })
  await pool.query(`comment on table ${schema}.topic is null`)
  await pool.query(`create or replace function ${schema}.claim(topic_name text, part int, me text, claimant text, lease_ms float8)
    returns table (floor bigint, rounds int, epoch bigint, continues boolean) language sql as $body$ select 0::bigint, 0, 0::bigint, false $body$`)
}

const bodyOf = async (schema: string): Promise<string> => {
  const { rows } = await pool.query<{ body: string }>(`select prosrc as body from pg_proc where oid = to_regproc($1)`, [`${schema}.claim`])
  return rows[0].body
}

const failure = async (work: PromiseLike<unknown>): Promise<unknown> => Promise.resolve(work).then(() => 'no failure', (error: unknown) => error) // prettier-ignore

/** A client that the adapter has not seen: each looks at the version once. */
const newClient = () => ({ query: (text: string, values?: unknown[]) => pool.query(text, values) })

const uses = (schema: string): Readonly<Record<string, () => PromiseLike<unknown>>> => ({
  fromPostgres: () => run(background, fromPostgres(pool, { schema, log: 'orders' }).pipe(settle())).join(),
  toPostgres: () => publishing(background, outgoing('more'), toPostgres(pool, { schema, topic: 'orders' })).join(),
  postgresOnce: () => Promise.resolve(postgresOnce(pool, { schema }).claim('id', 'owner', { lease: 1000, within: 1000 })),
  outbox: () => outbox(newClient(), { schema, topic: 'orders', value: 'more' }),
  inbox: () => inbox(newClient(), 'id', { schema }),
})

describe('a schema of an older version', () => {
  it('is named with both versions, by all that use it', async () => {
    await older('older')
    for (const use of Object.values(uses('older')))
      expect(await failure(use())).toMatchObject({
        name: 'PostgresSetupError',
        message: expect.stringContaining(
          'the schema older is of version 1, and this millrace needs version 4: plan(pool, …).apply() brings it up to date',
        ) as string,
      })
  })

  it('is brought up to date by plan, by several processes at once, and keeps its messages', async () => {
    await older('updated')
    const wanted = plan(pool, { schema: 'updated', log: 'orders' })
    const differs = { kind: 'differs', what: 'schema "updated"', differences: ['version 1, and not 4'] }
    expect(await wanted.check()).toEqual([differs])
    const applied = await Promise.all(Array.from({ length: 4 }, () => plan(pool, { schema: 'updated', log: 'orders' }).apply()))
    expect(applied).toContainEqual([differs])
    expect(await wanted.check()).toEqual([])
    expect(await bodyOf('updated')).toContain('goes_on')
    const { rows } = await pool.query(`select reloptions from pg_class where oid = 'updated.message'::regclass`)
    expect(rows).toEqual([{ reloptions: ['fillfactor=50'] }])
    const seen: unknown[] = []
    const work = once<string>(memoryOnce(), { within: 1000 }, (value) => void seen.push(value))
    const messages = fromPostgres<string>(pool, { schema: 'updated', log: 'orders' })
    await run(background, messages.pipe(take(1), workerPool(1, work), settle())).join()
    expect(seen).toEqual(['kept'])
  })
})

describe('outbox and inbox', () => {
  it('leave a transaction open whose tables are of another version, or are not there', async () => {
    await older('open')
    const client = await pool.connect()
    try {
      await client.query('begin')
      const stored = await failure(outbox(client, { schema: 'open', topic: 'orders', value: 'more' }))
      expect(stored).toMatchObject({ name: 'PostgresSetupError', message: expect.stringContaining('outbox(): the schema open is of version 1') as string }) // prettier-ignore
      const known = await failure(inbox(client, 'id', { schema: 'nowhere' }))
      expect(known).toMatchObject({
        message: 'inbox(): the schema nowhere has not the tables of millrace: plan(pool, …).apply() creates them',
      })
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      await client.query('rollback')
    } finally {
      client.release()
    }
  })

  it('look at the version once for each client', async () => {
    await plan(pool, { schema: 'once', queue: 'orders' }).apply()
    const statements: string[] = []
    const client = {
      query: (text: string, values?: unknown[]) => {
        statements.push(text)
        return pool.query(text, values)
      },
    }
    for (const value of [1, 2, 3]) await outbox(client, { schema: 'once', topic: 'orders', value })
    expect(statements.filter((text) => text.includes('obj_description'))).toHaveLength(1)
    expect(statements.filter((text) => text.includes('publish'))).toHaveLength(3)
  })
})

describe('a schema of a newer version', () => {
  it('is named with both versions, and is not changed', async () => {
    await older('newer')
    await pool.query(`comment on table newer.topic is 'millrace 9'`)
    const message = 'the schema newer is of version 9, and this millrace needs version 4: update millrace'
    const all = [...Object.values(uses('newer')), () => plan(pool, { schema: 'newer', log: 'orders' }).apply()]
    for (const use of all)
      expect(await failure(use())).toMatchObject({ name: 'PostgresSetupError', message: expect.stringContaining(message) as string })
    expect(await bodyOf('newer')).not.toContain('goes_on')
  })
})
