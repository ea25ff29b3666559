/** The places of `millrace/nats`, over a connection without a server. */
import { background } from 'millrace'
import { memoryBroker, positionOf, settle, type DeadDelivery, type Delivery } from 'millrace/broker'
import { fromNats, natsDeadLetters, plan, subjectToken, toNats } from 'millrace/nats'
import { run } from 'millrace/operators'
import { take, type Observable, type OperatorFunction } from 'rxjs'
import { natsStub } from '../../support/nats-stub.js'
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

export const nats: Table = {
  'fromNats(nc)': ['object', (nc) => void fromNats(nc, { queue: 'in' })],
  'fromNats(options)': ['options', (options) => void fromNats(natsStub(), options)],
  'natsDeadLetters(nc)': ['object', (nc) => void natsDeadLetters(nc, { subject: 'dead' })],
  'natsDeadLetters(options)': ['options', async (options) => void (await natsDeadLetters(natsStub(), options)(letter))],
  'plan(nc)': ['object', (nc) => void plan(nc, { queue: 'in' })],
  ...optionsOf(
    'plan',
    'options',
    'options',
    {
      group: 'name?',
      lease: 'ms?',
      partitions: 'count?',
      queue: 'name',
      replicas: 'count?',
      storage: 'word?',
      subjects: 'list?',
      window: 'count?',
    },
    (options) => void plan(natsStub(), options),
    { queue: 'in' },
  ),
  'plan({ log })': ['name', (log) => void plan(natsStub(), { log, partitions: 2 })],
  'subjectToken(text)': ['text', (text) => void subjectToken(text)],
  'toNats(nc)': ['object', (nc) => void toNats(nc, { subject: 'out' })],
  'toNats(options)': ['options', (options) => passed(toNats(natsStub(), options))],
}
