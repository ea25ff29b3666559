/** The places of `millrace/postgres`, over a pool without a server. */
import { background } from 'millrace'
import { doctor, fromPostgres, inbox, outbox, plan, postgresDeadLetters, postgresOnce, toPostgres } from 'millrace/postgres'
import { run } from 'millrace/operators'
import { postgresStub } from '../../support/postgres-stub.js'
import { letter, twoThrough } from '../../support/two-messages.js'
import { optionsOf, publishes, pulls, type Table } from './kinds.js'
import { briefly } from './runtime.js'

const passed = (operator: Parameters<typeof twoThrough>[0]) => briefly(run(background, twoThrough(operator)).join())

export const postgres: Table = {
  'doctor(pool)': ['object', (pool) => briefly(doctor(pool))],
  ...optionsOf('doctor', 'options', 'options?', { patience: 'ms?' }, (options) => briefly(doctor(postgresStub(), options))),
  'fromPostgres(pool)': ['object', (pool) => void fromPostgres(pool, { queue: 'in' })],
  ...optionsOf(
    'fromPostgres',
    'options',
    'options',
    { log: 'name?', queue: 'name', partitions: 'count?', schema: 'name?', lease: 'lease?', poll: 'interval?', ...pulls },
    (options) => void fromPostgres(postgresStub(), options),
    { queue: 'in' },
  ),
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
  ...optionsOf(
    'postgresDeadLetters',
    'options',
    'options',
    { topic: 'name', schema: 'name?', patience: 'ms?' },
    async (options) => void (await postgresDeadLetters(postgresStub(), options)(letter)),
    { topic: 'dead' },
  ),
  'toPostgres(pool)': ['object', (pool) => void toPostgres(pool, { topic: 'out' })],
  ...optionsOf(
    'toPostgres',
    'options',
    'options',
    { topic: 'name', schema: 'name?', ...publishes },
    (options) => passed(toPostgres(postgresStub(), options)),
    { topic: 'out', window: 1 },
  ),
}
