/** The places of `millrace/kafka`, over a client without a server. */
import { background } from 'millrace'
import type { Delivery } from 'millrace/broker'
import { doctor, fromKafka, kafkaDeadLetters, plan, toKafka } from 'millrace/kafka'
import { run } from 'millrace/operators'
import type { Observable, OperatorFunction } from 'rxjs'
import { kafkaStub } from '../../support/kafka-stub.js'
import { letter, twoThrough } from '../../support/two-messages.js'
import { optionsOf, pulls, type Table } from './kinds.js'
import { briefly } from './runtime.js'

const briefRun = (pipeline: Observable<unknown>) => briefly(run(background, pipeline).join())
const passed = (operator: OperatorFunction<Delivery<number>, Delivery<unknown>>) => briefRun(twoThrough(operator))

export const kafka: Table = {
  'doctor(client)': ['object', (client) => briefly(doctor(client))],
  ...optionsOf('doctor', 'options', 'options?', { log: 'name?', patience: 'ms?' }, (options) => briefly(doctor(kafkaStub(), options))),
  'fromKafka(client)': ['object', (client) => void fromKafka(client, { log: 'in' })],
  ...optionsOf(
    'fromKafka',
    'options',
    'options',
    { log: 'name', partitions: 'count?', group: 'name?', poll: 'interval?', fetchBytes: 'count?', handOver: 'ms?', ...pulls },
    (options) => void fromKafka(kafkaStub(), options),
    { log: 'in' },
  ),
  'kafkaDeadLetters(client)': ['object', (client) => void kafkaDeadLetters(client, { topic: 'dead' })],
  ...optionsOf(
    'kafkaDeadLetters',
    'options',
    'options',
    { topic: 'name', maxBytes: 'count?', patience: 'ms?' },
    async (options) => void (await kafkaDeadLetters(kafkaStub(), options)(letter)),
    { topic: 'dead' },
  ),
  'plan(client)': ['object', (client) => void plan(client, { log: 'in' })],
  ...optionsOf(
    'plan',
    'options',
    'options',
    { log: 'name', partitions: 'count?', replicas: 'count?', group: 'name?', from: 'word?', patience: 'ms?' },
    (options) => void plan(kafkaStub(), options),
    { log: 'in' },
  ),
  'toKafka(client)': ['object', (client) => void toKafka(client, { topic: 'out' })],
  ...optionsOf(
    'toKafka',
    'options',
    'options',
    { topic: 'name', maxBytes: 'count?', key: 'function?', value: 'function?', window: 'count?', patience: 'ms?' },
    (options) => passed(toKafka(kafkaStub(), options)),
    { topic: 'out', window: 1 },
  ),
}
