// One contender of bench/brokers/kafka.mjs, in a process of its own: `node kafka-contender.mjs <row> <contender> <port> <messages>`.
// Prints the microseconds of processor, and of time, for each message after the warm-up.
import { Consumer, MessagesStreamModes, Producer } from '@platformatic/kafka'
import { take } from 'rxjs'
import { settle } from '../../dist/broker.js'
import { fromKafka, plan, toKafka } from '../../dist/kafka.js'
import { peer } from '../peers/load.mjs'
import { IN_FLIGHT, address, contender, inFlight, n, numbers, performed, report, row, text, tick, work } from './contend.mjs'

const bootstrapBrokers = [`${address.host}:${address.port}`]
const json = Buffer.from(JSON.stringify(text))
const client = new Producer({ clientId: 'bench', bootstrapBrokers })

const source = () => fromKafka(client, { log: 'in', window: 1000, prefetch: IN_FLIGHT }).pipe(take(n))
const message = (topic, i, value = json) => ({ topic, key: Buffer.from(`k${i % 100}`), value })

/** Sends batches of the messages, some of them at a time. */
async function sent(topic, send, most = 5) {
  const pending = new Set()
  for (let i = 0; i < n; i += IN_FLIGHT) {
    const messages = Array.from({ length: Math.min(IN_FLIGHT, n - i) }, (_, j) => (tick(), message(topic, i + j)))
    const one = send(messages).finally(() => pending.delete(one))
    pending.add(one)
    if (pending.size >= most) await Promise.race(pending)
  }
  await Promise.all(pending)
}

/** The messages of the group, `IN_FLIGHT` at a time, and a commit of them. */
async function* reads() {
  const consumer = new Consumer({ clientId: 'bench', groupId: 'client', bootstrapBrokers })
  const stream = await consumer.consume({ topics: ['in'], mode: MessagesStreamModes.EARLIEST, autocommit: false, maxWaitTime: 100 })
  let some = []
  let done = 0
  for await (const one of stream) {
    tick()
    JSON.parse(String(one.value))
    some.push(one)
    done++
    if (some.length < IN_FLIGHT && done < n) continue
    const last = some[some.length - 1]
    yield { some, commit: () => consumer.commit({ offsets: [{ topic: 'in', partition: 0, offset: last.offset + 1n, leaderEpoch: 0 }] }) }
    some = []
    if (done === n) return
  }
}

async function kafkajs() {
  let loaded
  try {
    loaded = await peer('kafkajs')
  } catch {
    throw new Error('NOT INSTALLED')
  }
  const { Kafka, logLevel } = loaded.default
  return new Kafka({ clientId: 'bench', brokers: bootstrapBrokers, logLevel: logLevel.NOTHING })
}

/** A producer of kafkajs. */
async function another() {
  const producer = (await kafkajs()).producer()
  await producer.connect()
  return (messages) => producer.send({ topic: 'out', messages, acks: -1 })
}

/** The batches of kafkajs, which commits each after it is processed. */
async function eachBatch(process = async () => {}) {
  const consumer = (await kafkajs()).consumer({ groupId: 'client', maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topics: ['in'], fromBeginning: true })
  let done = 0
  await new Promise((resolve, reject) => {
    const worked = async ({ batch: { messages } }) => {
      for (const { value } of messages) {
        tick()
        JSON.parse(String(value))
      }
      await process(messages)
      if ((done += messages.length) >= n) resolve()
    }
    const eachBatch = (batch) => worked(batch).catch(reject)
    consumer.run({ autoCommitThreshold: 1, eachBatch, partitionsConsumedConcurrently: 1 }).catch(reject)
  })
}

const rows = {
  publish: {
    'client, 256 a send': () => sent('out', (messages) => client.send({ messages, acks: -1 })),
    'client, 1 a send': () =>
      inFlight((i) => {
        tick()
        return client.send({ messages: [message('out', i)], acks: -1 })
      }),
    ours: () => performed(numbers().pipe(toKafka(client, { topic: 'out', window: 1024 }), settle())),
    'kafkajs, 256 a send': async () => sent('out', await another()),
    'kafkajs, 1 a send': async () => {
      const send = await another()
      await inFlight((i) => {
        tick()
        return send([message('out', i)])
      })
    },
  },
  consume: {
    'client, a stream': async () => {
      for await (const { commit } of reads()) await commit()
    },
    'ours, a log': () => performed(source().pipe(work(), settle())),
    'kafkajs, each batch': () => eachBatch(),
  },
  through: {
    client: async () => {
      for await (const { some, commit } of reads()) {
        await client.send({ messages: some.map(({ value }, i) => message('out', i, value)), acks: -1 })
        await commit()
      }
    },
    'ours, a log': () => performed(source().pipe(work(), toKafka(client, { topic: 'out' }), settle())),
    kafkajs: async () => {
      const send = await another()
      await eachBatch((messages) => send(messages.map(({ value }, i) => message('out', i, value))))
    },
  },
}

for (const log of ['in', 'out']) await plan(client, { log }).apply()
if (row !== 'publish')
  for (let i = 0; i < n; i += 1000)
    await client.send({ messages: Array.from({ length: Math.min(1000, n - i) }, (_, j) => message('in', i + j)), acks: -1 })
await rows[row][contender]()
report()
