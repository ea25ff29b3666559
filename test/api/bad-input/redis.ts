/** The places of `millrace/redis`, over a client without a server. */
import { background } from 'millrace'
import type { Delivery } from 'millrace/broker'
import { doctor, fromRedis, plan, redisDeadLetters, redisOnce, toRedis } from 'millrace/redis'
import { run } from 'millrace/operators'
import type { Observable, OperatorFunction } from 'rxjs'
import { redisStub } from '../../support/redis-stub.js'
import { letter, twoThrough } from '../../support/two-messages.js'
import { optionsOf, publishes, pulls, type Table } from './kinds.js'
import { briefly } from './runtime.js'

const briefRun = (pipeline: Observable<unknown>) => briefly(run(background, pipeline).join())
const passed = (operator: OperatorFunction<Delivery<number>, Delivery<unknown>>) => briefRun(twoThrough(operator))

export const redis: Table = {
  'doctor(client)': ['object', (client) => briefly(doctor(client))],
  ...optionsOf('doctor', 'options', 'options?', { patience: 'ms?' }, (options) => briefly(doctor(redisStub(), options))),
  'fromRedis(client)': ['object', (client) => void fromRedis(client, { queue: 'in' })],
  ...optionsOf(
    'fromRedis',
    'options',
    'options',
    { log: 'name?', remove: 'flag?', queue: 'name', partitions: 'count?', group: 'name?', lease: 'lease?', poll: 'interval?', ...pulls },
    (options) => void fromRedis(redisStub(), options),
    { queue: 'in' },
  ),
  'plan(client)': ['object', (client) => void plan(client, { queue: 'in' })],
  ...optionsOf(
    'plan',
    'options',
    'options',
    { queue: 'name', log: 'name?', partitions: 'count?', group: 'name?', from: 'word?', patience: 'ms?' },
    (options) => void plan(redisStub(), options),
    { queue: 'in' },
  ),
  'redisDeadLetters(client)': ['object', (client) => void redisDeadLetters(client, { stream: 'dead' })],
  ...optionsOf(
    'redisDeadLetters',
    'options',
    'options',
    { stream: 'name', limit: 'count?', maxLength: 'count?', maxAge: 'ms?', maxBytes: 'count?', patience: 'ms?' },
    async (options) => void (await redisDeadLetters(redisStub(), options)(letter)),
    { stream: 'dead' },
  ),
  'redisOnce(client)': ['object', (client) => void redisOnce(client)],
  ...optionsOf('redisOnce', 'options', 'options?', { prefix: 'name?', patience: 'ms?' }, (options) => void redisOnce(redisStub(), options)),
  'toRedis(client)': ['object', (client) => void toRedis(client, { stream: 'out' })],
  ...optionsOf(
    'toRedis',
    'options',
    'options',
    {
      stream: 'name',
      partitions: 'count?',
      limit: 'count?',
      maxLength: 'count?',
      maxAge: 'ms?',
      maxBytes: 'count?',
      within: 'ms?',
      ...publishes,
    },
    (options) => passed(toRedis(redisStub(), options)),
    { stream: 'out', window: 1 },
  ),
}
