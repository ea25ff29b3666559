// One contender of bench/brokers/postgres.mjs, in a process of its own: `node postgres-contender.mjs <row> <contender> <port> <messages>`.
// Prints the microseconds of processor, and of time, for each message after the warm-up.
import pg from 'pg'
import { take } from 'rxjs'
import { settle, through } from '../../dist/broker.js'
import { workerPool } from '../../dist/operators.js'
import { fromPostgres, plan, toPostgres } from '../../dist/postgres.js'
import { peer } from '../peers/load.mjs'
import { IN_FLIGHT, address, contender, counted, isLog, n, numbers, performed, report, row, text, tick, untimed, work } from './contend.mjs'

const json = JSON.stringify(text)
const place = { ...address, user: 'postgres', database: 'postgres' }
const pool = new pg.Pool(place)

const source = (prefetch = IN_FLIGHT) =>
  fromPostgres(pool, { ...(isLog ? { log: 'in' } : { queue: 'in' }), window: 1000, prefetch }).pipe(take(n))
const moved = () => performed(source().pipe(work(), toPostgres(pool, { topic: 'out' }), settle()))

/** Stores the messages, `IN_FLIGHT` with a call. */
async function batched(store) {
  for (let i = 0; i < n; i += IN_FLIGHT) {
    const size = Math.min(IN_FLIGHT, n - i)
    for (let j = 0; j < size; j++) tick()
    await store(size, i)
  }
}

// By hand: a table, from which workers delete what they have taken, in one transaction with their work.
const insert = (client, table, values) => client.query(`insert into ${table} (value) select unnest($1::json[])`, [values])
const many = (size, value) => Array.from({ length: size }, () => value)
const TAKE = 'delete from raw_in where id in (select id from raw_in order by id for update skip locked limit $1) returning value'

/** Takes `most` messages with a statement, and commits when they are processed. */
async function taken(most, process = async () => {}) {
  const client = await pool.connect()
  for (let done = 0; done < n;) {
    await client.query('begin')
    const { rows } = await client.query(TAKE, [most])
    for (const _ of rows) tick()
    await process(
      client,
      rows.map(({ value }) => JSON.stringify(value)),
    )
    await client.query('commit')
    done += rows.length
  }
}

const LEASE = `update raw_in set holder = 'me', attempt = attempt + 1, visible_at = clock_timestamp() + interval '30 s'
  where ctid = any (array(select ctid from raw_in where visible_at <= clock_timestamp() order by id for update skip locked limit $1))
  returning id, value`

/** Leases `most` messages with a statement, so that they come back where the worker is killed, and deletes them with another. */
async function leased(most) {
  for (let done = 0; done < n;) {
    const { rows } = await pool.query(LEASE, [most])
    for (const _ of rows) tick()
    await pool.query('delete from raw_in where id = any ($1::bigint[])', [rows.map(({ id }) => id)])
    done += rows.length
  }
}

async function installed(name) {
  try {
    return (await peer(name)).default ?? (await peer(name))
  } catch {
    throw new Error('NOT INSTALLED')
  }
}

let boss
async function pgBoss() {
  if (boss !== undefined) return boss
  const PgBoss = await installed('pg-boss')
  boss = new PgBoss({ ...place, supervise: false, schedule: false })
  await boss.start()
  await boss.createQueue('in')
  return boss
}
const bossStored = async () => {
  const queue = await pgBoss()
  await batched((size) => queue.insert(many(size, { name: 'in', data: { text } })))
}
/** By its own calls rather than its `work`, which waits for half a second between two batches. */
const bossTaken = async (batchSize) => {
  const queue = await pgBoss()
  for (let done = 0; done < n;) {
    const jobs = await queue.fetch('in', { batchSize })
    for (const _ of jobs) tick()
    await queue.complete(
      'in',
      jobs.map(({ id }) => id),
    )
    done += jobs.length
  }
}

/** Its function for many jobs. */
const ADD_JOBS = `select count(*) from graphile_worker.add_jobs((select array_agg(job)
  from json_populate_recordset(null::graphile_worker.job_spec, $1::json) job))`
const graphile = () => installed('graphile-worker')
const quiet = async () => {
  const { Logger } = await graphile()
  return new Logger(() => () => undefined)
}
const graphileStored = async () => {
  const { makeWorkerUtils } = await graphile()
  const utils = await makeWorkerUtils({ pgPool: pool, logger: await quiet() })
  await utils.migrate()
  await batched((size) => pool.query(ADD_JOBS, [JSON.stringify(many(size, { identifier: 'work', payload: { text } }))]))
}
const graphileTaken = async (concurrency) => {
  const { runOnce } = await graphile()
  const taskList = { work: () => tick() }
  await runOnce({ pgPool: pool, logger: await quiet(), concurrency, noHandleSignals: true, taskList })
}

const rows = {
  publish: {
    'client, 256 a statement': () => batched((size) => insert(pool, 'raw_out', many(size, json))),
    ours: () => performed(numbers().pipe(toPostgres(pool, { topic: 'out', window: 2 * IN_FLIGHT }), settle())),
    'pg-boss, insert of 256': bossStored,
    'graphile-worker, 256': graphileStored,
  },
  batches: {
    'client, 256 a statement': () => taken(IN_FLIGHT),
    'client with a lease, 256 a statement': () => leased(IN_FLIGHT),
    'client, 16 a statement': () => taken(16),
    'client with a lease, 16 a statement': () => leased(16),
    'ours, a queue': () => performed(source().pipe(work(), settle())),
    'ours, a log': () => performed(source().pipe(work(), settle())),
    'pg-boss, 256 a batch': () => bossTaken(IN_FLIGHT),
    'graphile-worker, 16': () => graphileTaken(16),
  },
  'one by one': {
    client: () => taken(1),
    'ours, prefetch 1': () => performed(source(1).pipe(workerPool(1, through(counted)), settle())),
    ours: () => performed(source().pipe(workerPool(1, through(counted)), settle())),
    'pg-boss, 1 a batch': () => bossTaken(1),
    'graphile-worker, 1': () => graphileTaken(1),
  },
  through: {
    'client, 256 a statement': () => taken(IN_FLIGHT, (client, values) => insert(client, 'raw_out', values)),
    'ours, a queue': moved,
    'ours, a log': moved,
  },
}

if (contender.startsWith('client')) {
  const columns = 'id bigserial primary key, value json not null'
  const held = "holder text, attempt int not null default 0, visible_at timestamptz not null default '-infinity'"
  const lease = contender.includes('lease') ? `, ${held}` : ''
  for (const table of ['raw_in', 'raw_out']) await pool.query(`create table ${table} (${columns}${lease})`)
  if (row !== 'publish') await insert(pool, 'raw_in', many(n, json))
} else if (contender.startsWith('ours')) {
  for (const topic of ['in', 'out']) await plan(pool, isLog && topic === 'in' ? { log: topic } : { queue: topic }).apply()
  if (row !== 'publish')
    await pool.query(`select millrace.publish('in', (i % 100)::text, $1::json, '{}'::json, null) from generate_series(1, $2) i`, [json, n])
} else if (contender.startsWith('pg-boss')) {
  if (row !== 'publish') await untimed(bossStored)
} else if (row !== 'publish') await untimed(graphileStored)
await pool.query('analyze')
await rows[row][contender.replace(/, \d+ workers$/, '')]()
report()
