/** The places of `millrace/nats`, over a connection without a server. */
import { background } from 'millrace'
import {
  doctor,
  fromNats,
  natsDeadLetters,
  natsLink,
  natsOnce,
  plan,
  subjectToken,
  toNats,
  type NatsDeadLetters,
  type ToNats,
} from 'millrace/nats'
import { run } from 'millrace/operators'
import { natsStub } from '../../support/nats-stub.js'
import { letter, twoThrough } from '../../support/two-messages.js'
import { naming, optionsOf, publishes, pulls, type Table } from './kinds.js'
import { briefly } from './runtime.js'

const passed = (operator: Parameters<typeof twoThrough>[0]) => briefly(run(background, twoThrough(operator)).join())

export const nats: Table = {
  'doctor(nc)': ['object', (nc) => briefly(doctor(nc))],
  ...optionsOf('doctor', 'options', 'options?', { patience: 'ms?', system: 'object?' }, (options) => briefly(doctor(natsStub(), options))),
  'fromNats(nc)': ['object', (nc) => void fromNats(nc, { queue: 'in' })],
  ...optionsOf(
    'fromNats',
    'options',
    'options',
    { log: 'name?', partitions: 'anything', queue: 'name', group: 'name?', decode: 'function?', key: 'function?', ...pulls },
    (options) => void fromNats(natsStub(), options),
    { queue: 'in' },
  ),
  'natsDeadLetters(nc)': ['object', (nc) => void natsDeadLetters(nc, { subject: 'dead' })],
  ...optionsOf(
    'natsDeadLetters',
    'options',
    'options',
    { subject: 'function', encode: 'function?', patience: 'ms?' },
    async (options: NatsDeadLetters) => void (await natsDeadLetters(natsStub(), naming(naming(options, 'subject'), 'encode'))(letter)),
    { subject: 'dead' },
  ),
  'natsLink(nc)': ['object', (nc) => void natsLink(nc, { stages: 'shop' })],
  ...optionsOf(
    'natsLink',
    'options',
    'options',
    { decode: 'function?', encode: 'function?', forget: 'ms?', lease: 'lease?', patience: 'ms?', stages: 'name' },
    (options) => void natsLink(natsStub(), options),
    { stages: 'shop' },
  ),
  'natsOnce(nc)': ['object', (nc) => void natsOnce(nc, { bucket: 'effects' })],
  ...optionsOf('natsOnce', 'options', 'options', { bucket: 'name', patience: 'ms?' }, (options) => void natsOnce(natsStub(), options), {
    bucket: 'effects',
  }),
  'plan(nc)': ['object', (nc) => void plan(nc, { queue: 'in' })],
  ...optionsOf(
    'plan',
    'options',
    'options',
    {
      group: 'name?',
      lease: 'lease?',
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
  'plan({ stages })': ['name?', (stages) => void plan(natsStub(), stages === undefined ? { queue: 'in' } : { stages })],
  'plan({ bucket })': ['name?', (bucket) => void plan(natsStub(), bucket === undefined ? { queue: 'in' } : { bucket })],
  'plan({ log })': ['name', (log) => void plan(natsStub(), { log, partitions: 2 })],
  'subjectToken(text)': ['text', (text) => void subjectToken(text)],
  'toNats(nc)': ['object', (nc) => void toNats(nc, { subject: 'out' })],
  ...optionsOf(
    'toNats',
    'options',
    'options',
    { subject: 'function', encode: 'function?', name: 'text?', ...publishes },
    (options: ToNats<number>) => passed(toNats(natsStub(), naming(options, 'subject'))),
    { subject: 'out' },
  ),
}
