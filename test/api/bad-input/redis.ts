/** The places of `millrace/redis`, over a client without a server. */
import { background } from 'millrace'
import { memoryBroker, positionOf, settle, type DeadDelivery, type Delivery } from 'millrace/broker'
import { fromRedis, plan, redisDeadLetters, redisOnce, toRedis } from 'millrace/redis'
import { run } from 'millrace/operators'
import { take, type Observable, type OperatorFunction } from 'rxjs'
import { redisStub } from '../../support/redis-stub.js'
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

export const redis: Table = {
  'fromRedis(client)': ['object', (client) => void fromRedis(client, { queue: 'in' })],
  'fromRedis(options)': ['options', (options) => void fromRedis(redisStub(), options)],
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
  'redisOnce(options)': ['options?', (options) => void redisOnce(redisStub(), options)],
  'toRedis(client)': ['object', (client) => void toRedis(client, { stream: 'out' })],
  'toRedis(options)': ['options', (options) => passed(toRedis(redisStub(), options))],
}
