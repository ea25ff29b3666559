/** The places of `millrace/postgres`, over a pool without a server. */
import { background } from 'millrace'
import { memoryBroker, positionOf, settle, type DeadDelivery, type Delivery } from 'millrace/broker'
import { fromPostgres, inbox, outbox, plan, postgresDeadLetters, postgresOnce, toPostgres } from 'millrace/postgres'
import { run } from 'millrace/operators'
import { take, type Observable, type OperatorFunction } from 'rxjs'
import { postgresStub } from '../../support/postgres-stub.js'
import { optionsOf, type Table } from './kinds.js'
import { briefly } from './runtime.js'

const briefRun = (pipeline: Observable<unknown>) => briefly(run(background, pipeline).join())
/** Two messages, through the operator. */
const passed = (operator: OperatorFunction<Delivery<number>, Delivery<unknown>>) => {
  const broker = memoryBroker({ partitions: 1 })
  for (const n of [1, 2]) broker.publish('in', n, { key: 'k' })
  return briefRun(
    broker
      .connect()
      .from<number>({ log: 'in' })
      .pipe(take(2), operator, settle({ attempts: 1 })),
  )
}
const letter: DeadDelivery = {
  payload: 1,
  key: null,
  headers: new Map(),
  position: positionOf('in', 0, 0, 0),
  cause: new Error('bad'),
  stage: 'work',
  attempts: 1,
}

export const postgres: Table = {
  'fromPostgres(pool)': ['object', (pool) => void fromPostgres(pool, { queue: 'in' })],
  'fromPostgres(options)': ['options', (options) => void fromPostgres(postgresStub(), options)],
  'inbox(client)': ['object', (client) => void inbox(client, 'id')],
  'inbox(id)': ['name', (id) => void inbox(postgresStub(), id)],
  ...optionsOf('inbox', 'options', 'options?', { name: 'name?', schema: 'name?' }, (options) => void inbox(postgresStub(), 'id', options)),
  'outbox(client)': ['object', (client) => void outbox(client, { topic: 'out', value: 1 })],
  'outbox(message)': ['options', (message) => void outbox(postgresStub(), message)],
  'plan(pool)': ['object', (pool) => void plan(pool, { queue: 'in' })],
  ...optionsOf(
    'plan',
    'options',
    'options',
    { log: 'name?', once: 'flag?', partitions: 'count?', queue: 'name', patience: 'ms?', schema: 'name?' },
    (options) => void plan(postgresStub(), options),
    { queue: 'in' },
  ),
  'postgresOnce(pool)': ['object', (pool) => void postgresOnce(pool)],
  ...optionsOf(
    'postgresOnce',
    'options',
    'options?',
    { patience: 'ms?', schema: 'name?' },
    (options) => void postgresOnce(postgresStub(), options),
  ),
  'postgresDeadLetters(pool)': ['object', (pool) => void postgresDeadLetters(pool, { topic: 'dead' })],
  'postgresDeadLetters(options)': ['options', async (options) => void (await postgresDeadLetters(postgresStub(), options)(letter))],
  'toPostgres(pool)': ['object', (pool) => void toPostgres(pool, { topic: 'out' })],
  'toPostgres(options)': ['options', (options) => passed(toPostgres(postgresStub(), options))],
}
