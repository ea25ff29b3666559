/** Clients that `millrace/postgres` borrows go back to the pool of the user, and their errors say which kind of failure it is. */
import { expect, it } from 'vitest'
import { background, withCancel } from 'millrace'
import { settle } from 'millrace/broker'
import { run } from 'millrace/operators'
import { bubble } from 'millrace/testing'
import { fromPostgres, outbox, plan, type PostgresListener, type PostgresPool } from 'millrace/postgres'
import { postgresStub } from '../support/postgres-stub.js'
import { hostTurn } from '../support/settle.js'

it('a source that begins while the client of one that has ended is on its way keeps one client', async () => {
  const asked: ((client: PostgresListener) => void)[] = []
  let lent = 0
  const client = (): PostgresListener => {
    lent++
    return { query: () => Promise.resolve({ rows: [] }), on() {}, release: () => void lent-- }
  }
  const pool: PostgresPool = { ...postgresStub(), connect: () => new Promise((resolve) => asked.push(resolve)) }
  const begun = async () => {
    const ctx = withCancel(background)
    const running = run(ctx, fromPostgres(pool, { queue: 'in' }).pipe(settle()))
    const before = asked.length
    while (asked.length === before) await hostTurn()
    return async () => {
      ctx.cancel()
      await running.join().attempt()
    }
  }
  const endFirst = await begun()
  await endFirst()
  const endSecond = await begun()
  for (const give of asked) give(client())
  while (lent > 1) await hostTurn()
  await endSecond()
  expect([asked.length, lent]).toEqual([2, 0])
})

/** An error of the server, as `pg` makes it. */
const ofServer = (message: string, code: string) => Object.assign(new Error(message), { name: 'error', code })

it.each([
  ['is not there', ofServer('there is no topic "out"', 'MR001'), 'outbox(): there is no topic "out"'],
  ['refuses', ofServer('permission denied for table topic', '42501'), 'outbox(): permission denied for table topic'],
  ['is named by the client', Object.assign(new RangeError('too long'), { code: '22001' }), 'outbox(): RangeError: too long'],
])('the text of a failure has what the server says, without the name of its class: %s', async (_, cause, message) => {
  const pool = { ...postgresStub(), query: () => Promise.reject(cause) }
  const error = await Promise.resolve(outbox(pool, { topic: 'out', value: 1 })).catch((error: unknown) => error)
  expect(error).toMatchObject({ message, cause })
})

it('a server that stays away is quoted in its own words', () =>
  bubble(async () => {
    const cause = ofServer('the database system is shutting down', '57P01')
    const pool = { ...postgresStub(), query: () => Promise.reject(cause) }
    const error = await Promise.resolve(plan(pool, { queue: 'out', patience: 100 }).check()).catch((error: unknown) => error)
    expect(error).toMatchObject({
      name: 'PostgresAwayError',
      message: 'plan(): the server was away for 100 ms: the database system is shutting down',
    })
  }))

it('a deadlock is repeated outside of a transaction, and named inside', async () => {
  const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' })
  let failures = 2
  const stub = postgresStub()
  const query: PostgresPool['query'] = (text, values) => (failures-- > 0 ? Promise.reject(deadlock) : stub.query(text, values))
  const pool = { ...stub, query }
  const error = await Promise.resolve(outbox(pool, { topic: 'out', value: 1 })).catch((cause: unknown) => cause)
  expect(error).toMatchObject({ name: 'PostgresRefusedError', code: '40P01', cause: deadlock })
  await bubble(() => plan(pool, { queue: 'out' }).check())
  expect(failures).toBeLessThan(0)
})
