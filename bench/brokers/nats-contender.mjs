// One contender of bench/brokers/nats.mjs, in a process of its own: `node nats-contender.mjs <row> <contender> <port> <messages>`.
// Prints the microseconds of processor, and of time, for each message after the warm-up.
import { take } from 'rxjs'
import { settle, through } from '../../dist/broker.js'
import { fromNats, plan, toNats } from '../../dist/nats.js'
import { workerPool } from '../../dist/operators.js'
import { peer } from '../peers/load.mjs'
import {
  IN_FLIGHT,
  address,
  contender,
  counted,
  inFlight,
  isLog,
  n,
  numbers,
  performed,
  report,
  row,
  text,
  tick,
  work,
} from './contend.mjs'

const data = new TextEncoder().encode(JSON.stringify(text))
const { connect } = await peer('@nats-io/transport-node')
const { jetstream } = await peer('@nats-io/jetstream')
const nc = await connect({ port: address.port, noAsyncTraces: !contender.includes('as installed') })

const source = (prefetch = IN_FLIGHT) =>
  fromNats(nc, { ...(isLog ? { log: 'in', partitions: 1, window: 1000 } : { queue: 'in' }), prefetch }).pipe(take(n))
async function consumerOf() {
  return jetstream(nc).consumers.get('in', 'millrace')
}

const publishing = async () => {
  const js = jetstream(nc)
  await inFlight((i) => {
    tick()
    return js.publish('out', data, { msgID: String(i) })
  })
}

const consuming = async (consumer, take) => {
  let done = 0
  while (done < n)
    for await (const message of await take(consumer)) {
      tick()
      message.json()
      message.ack()
      if (++done === n) break
    }
  await nc.flush()
}

const rows = {
  publish: {
    'client, as installed': publishing,
    client: publishing,
    ours: () =>
      performed(numbers().pipe(toNats(nc, { subject: 'out', id: ({ position }) => String(position.offset), window: IN_FLIGHT }), settle())),
  },
  batches: {
    'client, fetch': async () => consuming(await consumerOf(), (consumer) => consumer.fetch({ max_messages: IN_FLIGHT })),
    'client, fetch of 16': async () => consuming(await consumerOf(), (consumer) => consumer.fetch({ max_messages: 16 })),
    'client, consume': async () => consuming(await consumerOf(), (consumer) => consumer.consume({ max_messages: IN_FLIGHT })),
    'ours, a queue': () => performed(source().pipe(work(), settle())),
    'ours, a log': () => performed(source().pipe(work(), settle())),
  },
  'one by one': {
    'client, next': async () => {
      const consumer = await consumerOf()
      for (let i = 0; i < n; i++) {
        const message = await consumer.next()
        tick()
        message.json()
        message.ack()
      }
      await nc.flush()
    },
    'ours, prefetch 1': () => performed(source(1).pipe(workerPool(1, through(counted)), settle())),
    ours: () => performed(source().pipe(workerPool(1, through(counted)), settle())),
  },
  through: {
    client: async () => {
      const js = jetstream(nc)
      const consumer = await consumerOf()
      const messages = await consumer.consume({ max_messages: IN_FLIGHT })
      const iterator = messages[Symbol.asyncIterator]()
      await inFlight(async () => {
        const { value: message } = await iterator.next()
        tick()
        await js.publish('out', JSON.stringify(message.json()), { msgID: String(message.seq) })
        message.ack()
      })
      await nc.flush()
    },
    'ours, a queue': () => moved(),
    'ours, a log': () => moved(),
  },
}

const moved = () =>
  performed(source().pipe(work(), toNats(nc, { subject: 'out', id: ({ position }) => String(position.offset) }), settle()))

await plan(nc, { queue: 'out' }).apply()
if (row !== 'publish') {
  await plan(nc, isLog ? { log: 'in', partitions: 1, window: 1000 } : { queue: 'in' }).apply()
  const asked = async () => (await nc.request('$JS.API.STREAM.INFO.in')).json().state.messages
  for (let i = 0; i < n; i++) {
    nc.publish(isLog ? `in.${i % 100}` : 'in', data)
    if ((i + 1) % 1000 === 0) while ((await asked()) <= i);
  }
}
await rows[row][contender.replace(/, \d+ workers$/, '')]()
report()
