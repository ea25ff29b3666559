/** A queue whose takes read the index from the last message on, in the statement that settles. */
import type pg from 'pg'
import { background, withCancel } from 'millrace'
import { settle, type Delivery } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromPostgres, outbox, plan } from 'millrace/postgres'
import { setTimeout as pause } from 'node:timers/promises'
import { take } from 'rxjs'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { poolAt, serverForTests } from './harness.js'

const { server, pool } = serverForTests()
beforeAll(async () => {
  await plan(pool, { queue: 'works' }).apply()
})
beforeEach(() => pool.query('delete from millrace.message'))

const publish = (value: unknown, client: pg.Pool | pg.PoolClient = pool): Promise<void> =>
  Promise.resolve(outbox(client, { topic: 'works', value }))

/** Works on messages with `work`, whose `true` ends the run; so long a lease and poll that no message is found by waiting. */
async function worked(
  options: { lease?: number; beat?: number; window?: number },
  workers: number,
  work: (delivery: Delivery<unknown>) => Promise<boolean>,
) {
  const stop = withCancel(background)
  const working = run(
    stop,
    fromPostgres(pool, { queue: 'works', lease: 60_000, poll: 60_000, ...options }).pipe(
      workerPool(workers, async (delivery: Delivery<unknown>) => {
        if (await work(delivery)) stop.cancel()
        return delivery
      }),
      settle(),
    ),
  )
  await working.join().attempt()
}

it('takes a message that is committed after messages with larger offsets, while others keep coming', async () => {
  const late = await pool.connect()
  await late.query('begin')
  await publish('late', late)
  for (let n = 0; n < 4; n++) await publish(n)
  let seen = 0
  let takenLate = false
  await worked({}, 2, async ({ value }) => {
    if (++seen === 20) await late.query('commit')
    if (value === 'late') takenLate = true
    else await publish(seen)
    return takenLate || seen > 2000
  })
  late.release()
  expect(takenLate).toBe(true)
})

it('takes a message whose lease has ended, while others keep coming', async () => {
  await publish('left')
  await pool.query(`update millrace.message set holder = 'gone', attempt = 1, visible_at = clock_timestamp() + interval '300 ms'`)
  for (let n = 0; n < 4; n++) await publish(n)
  let attempts = 0
  const until = performance.now() + 5000
  await worked({}, 2, async ({ value, attempt }) => {
    if (value === 'left') attempts = attempt
    else await publish(0)
    return attempts > 0 || performance.now() > until
  })
  expect(attempts).toBe(2)
})

it('keeps a message in long work, while others are settled all the time', async () => {
  await publish('long')
  await pool.query(`select millrace.publish('works', null, to_json(n)) from generate_series(1, 30000) n`)
  const lease = 200
  let deliveries = 0
  let isLost = false
  await worked({ lease, beat: 50 }, 100, async ({ value, ctx }) => {
    if (value !== 'long') return pause(Number(value) % 8).then(() => false) // some end during each statement
    if (++deliveries > 1) return true
    await pause(4 * lease)
    isLost = ctx.err()._tag === 'Some'
    return true
  })
  expect({ deliveries, isLost }).toEqual({ deliveries: 1, isLost: false })
})

it.each([1, 2])('messages that are settled after their lease, by the statement that takes others, are done: %i', async (slow) => {
  for (let n = 0; n < slow; n++) await publish('slow')
  await publish('next')
  const seen: unknown[] = []
  let isOver: Promise<void> | undefined
  await worked({ lease: 50, beat: 60_000, window: slow }, slow + 1, async ({ value }) => {
    seen.push(value)
    if (value === 'slow') await (isOver ??= pause(100)) // all of them in one turn
    return value === 'next'
  })
  expect(seen).toEqual([...Array.from({ length: slow }, () => 'slow'), 'next'])
  const { rows } = await pool.query(`select value from millrace.message where value::text = '"slow"'`)
  expect(rows).toEqual([])
})

it('reads a few entries of the index for each message, also where the server believes that the table is empty', async () => {
  const messages = 5000
  await pool.query('alter table millrace.message set (autovacuum_enabled = off)')
  await pool.query('vacuum analyze millrace.message')
  await pool.query(`select millrace.publish('works', null, to_json(n)) from generate_series(1, $1::int) n`, [messages])
  const own = poolAt(server.port)
  const work = workerPool(16, (delivery: Delivery<unknown>) => delivery)
  await run(background, fromPostgres(own, { queue: 'works' }).pipe(take(messages), work, settle())).join()
  await own.end() // its counts are complete then
  const read = `select idx_tup_read::int as n from pg_stat_user_indexes where indexrelname = 'message_pkey'`
  const { rows } = await pool.query<{ n: number }>(read)
  expect(rows[0].n).toBeGreaterThan(2 * messages)
  expect(rows[0].n).toBeLessThan(50 * messages)
})
