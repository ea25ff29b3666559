/** A log whose pulls settle what was read before, in one statement. */
import { background } from 'millrace'
import { settle, through } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { fromPostgres, plan, type PostgresPool } from 'millrace/postgres'
import { take } from 'rxjs'
import { expect, it } from 'vitest'
import { serverForTests } from './harness.js'

const MESSAGES = 200
const WINDOW = 10

const { pool } = serverForTests()

it('settles messages with the next pull, and holds no more than its window', async () => {
  await plan(pool, { log: 'works' }).apply()
  await pool.query(`select millrace.publish('works', 'k', to_json(n)) from generate_series(0, $1::int - 1) n order by n`, [MESSAGES])
  const statements: string[] = []
  const query: PostgresPool['query'] = (text, values) => {
    statements.push(text)
    return pool.query(text, values)
  }
  const read: number[] = []
  const most: number[] = []
  const work = async (n: number): Promise<void> => {
    read.push(n)
    if (n % 20 > 0) return
    const { rows } = await pool.query<{ sent: number; floor: number }>(
      'select sent::int as sent, floor::int as floor from millrace.partition',
    )
    most.push(rows[0].sent - rows[0].floor)
  }
  const source = fromPostgres<number>({ query, connect: () => pool.connect() }, { log: 'works', window: WINDOW })
  await run(background, source.pipe(take(MESSAGES), workerPool(2, through(work)), settle())).join()
  expect(read).toEqual(Array.from({ length: MESSAGES }, (_, n) => n))
  expect(Math.max(...most)).toBeLessThanOrEqual(WINDOW)
  expect((await pool.query('select from millrace.message')).rows).toEqual([])
  const marks = statements.filter((text) => text.includes('delete from') && text.includes('"offset" <='))
  expect(marks.length).toBeGreaterThan(MESSAGES / WINDOW)
  expect(marks.filter((text) => !text.includes('limit $8')).length).toBeLessThanOrEqual(3) // when nothing is left, and at the end
})
