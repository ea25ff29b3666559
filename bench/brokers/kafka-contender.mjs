// One contender of bench/brokers/kafka.mjs, in a process of its own: `node kafka-contender.mjs <row> <contender> <port> <messages>`.
// Prints the microseconds of processor, and of time, for each message after the warm-up.
import { Consumer, MessagesStreamModes, Producer } from '@platformatic/kafka'
import { take } from 'rxjs'
import { settle } from '../../dist/broker.js'
import { fromKafka, plan, toKafka } from '../../dist/kafka.js'
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

const rows = {
  publish: {
    'client, 256 a send': () => sent('out', (messages) => client.send({ messages, acks: -1 })),
    'client, 1 a send': () =>
      inFlight((i) => {
        tick()
        return client.send({ messages: [message('out', i)], acks: -1 })
      }),
    ours: () => performed(numbers().pipe(toKafka(client, { topic: 'out', window: 1024 }), settle())),
  },
  consume: {
    'client, a stream': async () => {
      for await (const { commit } of reads()) await commit()
    },
    'ours, a log': () => performed(source().pipe(work(), settle())),
  },
  through: {
    client: async () => {
      for await (const { some, commit } of reads()) {
        await client.send({ messages: some.map(({ value }, i) => message('out', i, value)), acks: -1 })
        await commit()
      }
    },
    'ours, a log': () => performed(source().pipe(work(), toKafka(client, { topic: 'out' }), settle())),
  },
}

for (const log of ['in', 'out']) await plan(client, { log }).apply()
if (row !== 'publish')
  for (let i = 0; i < n; i += 1000)
    await client.send({ messages: Array.from({ length: Math.min(1000, n - i) }, (_, j) => message('in', i + j)), acks: -1 })
await rows[row][contender]()
report()
