// One contender of bench/brokers/redis.mjs, in a process of its own: `node redis-contender.mjs <row> <contender> <port> <messages>`.
// Prints the microseconds of processor, and of time, for each message after the warm-up.
import { Redis } from 'ioredis'
import { take } from 'rxjs'
import { settle, through } from '../../dist/broker.js'
import { workerPool } from '../../dist/operators.js'
import { fromRedis, plan, toRedis } from '../../dist/redis.js'
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
  untimed,
  work,
} from './contend.mjs'

const json = JSON.stringify(text)
const client = new Redis(address)

const source = (prefetch = IN_FLIGHT) =>
  fromRedis(client, { ...(isLog ? { log: 'in' } : { queue: 'in' }), window: 1000, prefetch }).pipe(take(n))
const moved = () => performed(source().pipe(work(), toRedis(client, { stream: 'out' }), settle()))

/** The messages of the group, `most` at a time. */
async function* reads(most) {
  for (let done = 0; done < n;) {
    const [[, entries]] = await client.xreadgroup('GROUP', 'millrace', 'me', 'COUNT', most, 'BLOCK', 1000, 'STREAMS', 'in', '>')
    done += entries.length
    yield entries
  }
}
const worked = ([, fields]) => {
  tick()
  return JSON.parse(fields[1])
}

/** Takes the messages, `most` at a time, with one XACK for a batch. */
async function taken(most) {
  for await (const entries of reads(most)) {
    entries.forEach(worked)
    await client.xack('in', 'millrace', ...entries.map(([id]) => id))
  }
}

/** BullMQ on a server of its own; its jobs are kept where ours are. */
async function bullmq() {
  try {
    return await peer('bullmq')
  } catch {
    throw new Error('NOT INSTALLED')
  }
}
const stored = async () => {
  const { Queue } = await bullmq()
  const queue = new Queue('in', { connection: address })
  for (let i = 0; i < n; i += IN_FLIGHT) {
    const jobs = Array.from({ length: Math.min(IN_FLIGHT, n - i) }, () => ({ name: 'job', data: text }))
    for (const _ of jobs) tick()
    await queue.addBulk(jobs)
  }
}
const jobs = async (concurrency) => {
  const { Worker } = await bullmq()
  await new Promise((resolve) => {
    let done = 0
    const worker = new Worker('in', async () => tick(), { connection: { ...address, maxRetriesPerRequest: null }, concurrency })
    worker.on('completed', () => {
      if (++done === n) resolve()
    })
  })
}

const rows = {
  publish: {
    client: () =>
      inFlight(() => {
        tick()
        return client.xadd('out', '*', 'value', json)
      }),
    ours: () => performed(numbers().pipe(toRedis(client, { stream: 'out', window: IN_FLIGHT }), settle())),
    'BullMQ, addBulk': stored,
  },
  batches: {
    'client, XACK a batch': () => taken(IN_FLIGHT),
    'client, 16 at a time': () => taken(16),
    'client, XACK each': async () => {
      for await (const entries of reads(IN_FLIGHT))
        await Promise.all(entries.map((entry) => (worked(entry), client.xack('in', 'millrace', entry[0]))))
    },
    'ours, a queue': () => performed(source().pipe(work(), settle())),
    'ours, a log': () => performed(source().pipe(work(), settle())),
    'BullMQ, 16 at a time': () => jobs(16),
  },
  'one by one': {
    client: () => taken(1),
    'ours, prefetch 1': () => performed(source(1).pipe(workerPool(1, through(counted)), settle())),
    ours: () => performed(source().pipe(workerPool(1, through(counted)), settle())),
    'BullMQ, 1 at a time': () => jobs(1),
  },
  through: {
    client: async () => {
      for await (const entries of reads(IN_FLIGHT)) {
        await Promise.all(entries.map((entry) => client.xadd('out', '*', 'value', JSON.stringify(worked(entry)))))
        await client.xack('in', 'millrace', ...entries.map(([id]) => id))
      }
    },
    'ours, a queue': moved,
    'ours, a log': moved,
  },
}

if (contender.startsWith('BullMQ')) {
  if (row !== 'publish') await untimed(stored)
} else if (row !== 'publish') {
  await plan(client, isLog ? { log: 'in' } : { queue: 'in' }).apply()
  const stream = isLog ? 'in:0' : 'in'
  for (let i = 0; i < n; i += 1000) {
    const pipeline = client.pipeline()
    for (let j = i; j < Math.min(n, i + 1000); j++) pipeline.xadd(stream, '*', 'value', json, 'key', String(j % 100))
    await pipeline.exec()
  }
}
await rows[row][contender.replace(/, \d+ workers$/, '')]()
report()
