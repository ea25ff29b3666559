/** Messages and effects in transactions of the user: an effect happens once, however often its message comes. */
import type pg from 'pg'
import { beforeAll, expect, it } from 'vitest'
import { background, withCancel } from 'millrace'
import { settle, type Delivery } from 'millrace/broker'
import { fromPostgres, inbox, outbox, plan } from 'millrace/postgres'
import { run, workerPool } from 'millrace/operators'
import { serverForTests } from './harness.js'

const { pool } = serverForTests()
beforeAll(async () => {
  await plan(pool, { queue: 'payments' }).apply()
  await pool.query('create table paid (id int)')
})

async function inTransaction(work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await work(client)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}

const waiting = async (): Promise<number> =>
  ((await pool.query(`select count(*)::int as n from millrace.message where topic = 'payments'`)).rows as { n: number }[])[0].n

it('a message is there with the commit, and not after a rollback', async () => {
  await expect(
    inTransaction(async (client) => {
      await outbox(client, { topic: 'payments', value: 0 })
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(await waiting()).toBe(0)
  await inTransaction(async (client) => {
    await outbox(client, { topic: 'payments', value: 1 })
    expect(await waiting()).toBe(0)
  })
  expect(await waiting()).toBe(1)
  await pool.query('delete from millrace.message')
})

it('a relay that waits sees a message that was committed while another transaction is open', async () => {
  const stop = withCancel(background)
  const first = await pool.connect()
  await first.query('begin')
  await outbox(first, { topic: 'payments', value: 'early, and committed late' })
  await outbox(pool, { topic: 'payments', value: 'late, and committed early' })
  const seen: unknown[] = []
  const relayed = run(
    stop,
    fromPostgres(pool, { queue: 'payments' }).pipe(
      workerPool(1, async (delivery: Delivery<unknown>) => {
        if (seen.push(delivery.value) === 1) await first.query('commit')
        else stop.cancel()
        return delivery
      }),
      settle(),
    ),
  )
  await relayed.join().attempt()
  first.release()
  expect(seen).toEqual(['late, and committed early', 'early, and committed late'])
  await pool.query('delete from millrace.message')
})

it('an effect behind an inbox happens once, through 20 workers that are given up between the effect and the settlement', async () => {
  const many = 20
  for (let n = 0; n < many; n++) await outbox(pool, { topic: 'payments', value: n, key: String(n) })
  const pay = (delivery: Delivery<number>) =>
    inTransaction(async (client) => {
      if (await inbox(client, delivery.position)) await client.query('insert into paid values ($1)', [delivery.value])
    })
  for (let round = 0; round < many; round++) {
    const ctx = withCancel(background)
    let done = 0
    const working = run(
      ctx,
      fromPostgres<number>(pool, { queue: 'payments', lease: 150 }).pipe(
        workerPool(2, async (delivery: Delivery<number>) => {
          await pay(delivery)
          if (++done === round % 3) ctx.cancel() // what is under way is not settled
          return delivery
        }),
        settle(),
      ),
    )
    if (round % 3 === 0) ctx.cancel()
    await working.join().attempt()
  }
  const ctx = withCancel(background)
  const last = run(
    ctx,
    fromPostgres<number>(pool, { queue: 'payments', lease: 150 }).pipe(
      workerPool(2, async (delivery: Delivery<number>) => {
        await pay(delivery)
        return delivery
      }),
      settle(),
    ),
  )
  while ((await waiting()) > 0) await new Promise((resume) => setTimeout(resume, 50))
  ctx.cancel()
  await last.join().attempt()
  const { rows } = await pool.query('select id from paid order by id')
  expect((rows as { id: number }[]).map(({ id }) => id)).toEqual(Array.from({ length: many }, (_, n) => n))
})

it('ids are forgotten after a day, and not before', async () => {
  const old = Array.from({ length: 100 }, (_, n) => `old ${n}`)
  await pool.query(`insert into millrace.known_id select 'inbox ages', id, now() - interval '25 hours' from unnest($1::text[]) id`, [old])
  await pool.query(`insert into millrace.known_id values ('inbox ages', 'young', now() - interval '23 hours')`)
  expect(await inbox(pool, 'young', { name: 'ages' })).toBe(false)
  expect(await inbox(pool, 'old 7', { name: 'ages' })).toBe(false)
  // Each new id deletes old ones with a chance of 0.02.
  await pool.query(`select millrace.is_new('inbox ages', 'new ' || n) from generate_series(1, 2000) n`)
  expect(await inbox(pool, 'old 7', { name: 'ages' })).toBe(true)
  expect(await inbox(pool, 'young', { name: 'ages' })).toBe(false)
})
