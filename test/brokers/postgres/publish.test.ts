/** Messages that are stored by one statement: their order, their ids, and the locks of their partitions. */
import fc from 'fast-check'
import { outbox, plan } from 'millrace/postgres'
import { setTimeout as pause } from 'node:timers/promises'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { serverForTests } from './harness.js'

const { pool } = serverForTests()
beforeAll(async () => {
  await plan(pool, { log: 'orders', partitions: 8 }).apply()
  await plan(pool, { log: 'bills', partitions: 2 }).apply()
  for (const queue of ['names', 'places']) await plan(pool, { queue }).apply()
})
beforeEach(() => pool.query('delete from millrace.message; delete from millrace.known_id'))

interface Given {
  readonly topic: string
  readonly key: string | null
  readonly value: number
  readonly id?: string
}

const stored = (all: readonly Given[]): Promise<unknown> =>
  pool.query('select millrace.publish_all($1, $2, $3, $4, $5)', [
    all.map(({ topic }) => topic),
    all.map(({ key }) => key),
    all.map(({ value }) => JSON.stringify(value)),
    all.map(() => '{}'),
    all.map(({ id }) => id ?? null),
  ])

interface Stored extends Given {
  readonly partition: number
  readonly offset: number
}

async function messages(topic: string): Promise<readonly Stored[]> {
  const { rows } = await pool.query<Stored>(
    `select topic, partition, "offset"::int as "offset", key, value::text::int as value from millrace.message where topic = $1 order by partition, "offset"`,
    [topic],
  )
  return rows
}

/** The messages of each value of a column. */
function grouped(rows: readonly Stored[], by: 'partition' | 'key'): readonly (readonly Stored[])[] {
  const values = [...new Set(rows.map((row) => row[by]))]
  return values.map((value) => rows.filter((row) => row[by] === value))
}

const keyOf = (n: number): string => `key ${n % 20}`

it('have dense offsets in each partition, in the order of the statement', async () => {
  const many = 400
  const all = Array.from({ length: many }, (_, value) => ({ topic: value % 4 === 3 ? 'bills' : 'orders', key: keyOf(value), value }))
  for (let from = 0; from < many; from += 100) await stored(all.slice(from, from + 100))
  for (const topic of ['orders', 'bills']) {
    const rows = await messages(topic)
    expect(rows).toHaveLength(all.filter((one) => one.topic === topic).length)
    for (const of of grouped(rows, 'partition')) {
      expect(of.map(({ offset }) => offset)).toEqual(of.map((_, n) => of[0].offset + n))
      expect(of.map(({ value }) => value)).toEqual(of.map(({ value }) => value).sort((a, b) => a - b))
    }
    const next = await pool.query(`select sum(next)::int as n from millrace.partition where topic = $1`, [topic])
    expect(next.rows).toEqual([{ n: rows.length }])
  }
})

const topics = ['names', 'places', 'orders', 'bills']
/** Messages of some of the topics, with ids or without; few keys and ids, so that they meet. */
const statement = fc.record({ of: fc.subarray(topics, { minLength: 1 }), hasIds: fc.boolean() }).chain(({ of, hasIds }) =>
  fc.array(
    fc.record({
      topic: fc.constantFrom(...of),
      key: fc.option(fc.constantFrom('a', 'b', 'c')),
      id: fc.option(hasIds ? fc.constantFrom('x', 'y', 'z') : fc.constant(undefined), { nil: undefined, freq: 2 }),
    }),
    { maxLength: 12 },
  ),
)

it('are stored as by one after the other, whatever topics and ids a statement has', () =>
  fc.assert(
    fc.asyncProperty(fc.array(statement, { maxLength: 4 }), async (statements) => {
      await pool.query('delete from millrace.message; delete from millrace.known_id')
      const all = statements.map((of, i) => of.map((one, j) => ({ ...one, value: 100 * i + j })))
      for (const statement of all) await stored(statement)
      const known = new Set<string>()
      const expected = all.flat().filter(({ topic, id }: Given) => {
        if (id === undefined) return true
        const isNew = !known.has(`${topic} ${id}`)
        known.add(`${topic} ${id}`)
        return isNew
      })
      for (const topic of topics) {
        const rows = await messages(topic)
        const wanted = expected.filter((one) => one.topic === topic).map(({ key, value }) => ({ key, value }))
        expect(rows.map(({ key, value }) => ({ key, value })).sort((a, b) => a.value - b.value)).toEqual(wanted)
        for (const of of grouped(rows, 'partition'))
          expect(of.map(({ value }) => value)).toEqual(of.map(({ value }) => value).sort((a, b) => a - b))
      }
    }),
    { numRuns: 100 },
  ))

it('go to the partition to which a message of the same key goes by itself', async () => {
  const keys = Array.from({ length: 20 }, (_, n) => keyOf(n))
  await stored(keys.map((key, value) => ({ topic: 'orders', key, value })))
  for (const [value, key] of keys.entries()) await outbox(pool, { topic: 'orders', key, value })
  const ofKeys = grouped(await messages('orders'), 'key')
  expect(ofKeys).toHaveLength(20)
  for (const [one, other, ...more] of ofKeys) {
    expect(more).toEqual([])
    expect(one.partition).toBe(other.partition)
  }
})

it('with ids are stored once, also where a statement has an id twice, and others keep their offsets dense', async () => {
  await stored([{ topic: 'orders', key: 'a', value: 0, id: 'known' }])
  const [{ offset }] = await messages('orders')
  const ids = ['known', 'x', 'y', 'x', undefined, 'z', undefined]
  await stored(ids.map((id, n) => ({ topic: 'orders', key: 'a', value: n + 1, id })))
  await stored([{ topic: 'names', key: null, value: 9, id: 'x' }]) // of another topic
  const rows = await messages('orders')
  expect(rows.map((row) => [row.value, row.offset - offset])).toEqual([0, 2, 3, 5, 6, 7].map((value, n) => [value, n]))
  expect(await messages('names')).toMatchObject([{ value: 9 }])
})

it('delete ids that are older than a day, and no others', async () => {
  await pool.query(`insert into millrace.known_id select 'names', 'old ' || n, now() - interval '25 hours' from generate_series(1, 90) n`)
  await pool.query(`insert into millrace.known_id values ('names', 'young', now() - interval '23 hours')`)
  await stored(Array.from({ length: 64 }, (_, value) => ({ topic: 'names', key: null, value, id: `new ${value}` })))
  const { rows } = await pool.query(
    `select id from millrace.known_id where topic = 'names' and (id like 'old %' or id in ('young', 'new 0')) order by id`,
  )
  expect(rows).toEqual([{ id: 'new 0' }, { id: 'young' }])
})

it('name the topic that is missing, and store nothing', async () => {
  const failing = stored([
    { topic: 'names', key: null, value: 1 },
    { topic: 'nothing', key: null, value: 2 },
  ])
  await expect(failing).rejects.toMatchObject({ code: 'MR001', message: expect.stringContaining('no topic "nothing"') as string })
  expect(await messages('names')).toEqual([])
})

/** Completes when a statement waits for the lock of another. */
async function isBlocked(): Promise<void> {
  const sql = `select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`
  while ((await pool.query<{ n: number }>(sql)).rows[0].n === 0) await pause(5)
}

it('wait for a transaction in the order of the partitions and ids, and hold none that it may still want', async () => {
  const { rows } = await pool.query<{ key: string; partition: number }>(
    `select key, millrace.partition_of(key, 8) as partition from unnest($1::text[]) key order by 2`,
    [Array.from({ length: 20 }, (_, n) => keyOf(n))],
  )
  const [low, high] = [rows[0].key, rows[19].key]
  const messageOf = (key: string, id: string): Given => ({ topic: 'orders', key, value: 1, id })
  const other = await pool.connect()
  try {
    for (const given of [
      [messageOf(high, 'high'), messageOf(low, 'low')],
      [messageOf(low, 'b'), messageOf(low, 'a')],
    ]) {
      const [last, first] = given
      await other.query('begin')
      await outbox(other, { ...first, ...(first.id === 'low' && { id: 'another' }) })
      const storing = stored(given)
      await isBlocked()
      await outbox(other, { ...last, ...(last.id === 'high' && { id: 'one more' }) })
      await other.query('rollback')
      await storing
    }
  } finally {
    other.release(true)
  }
  expect(await messages('orders')).toHaveLength(4)
})
