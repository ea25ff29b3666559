// One contender of bench/brokers/redis.mjs, in a process of its own: `node redis-contender.mjs <row> <contender> <port> <messages>`.
// Prints the microseconds of processor, and of time, for each message after the warm-up.
import process, { argv } from 'node:process'
import { Redis } from 'ioredis'
import { take } from 'rxjs'
import { background } from '../../dist/index.js'
import { byKey, fromPull, positionOf, settle, through } from '../../dist/broker.js'
import { fromRedis, plan, toRedis } from '../../dist/redis.js'
import { run, workerPool } from '../../dist/operators.js'
import { peer } from '../peers/load.mjs'

const [, , row, contender, port, count] = argv
if (argv.length < 6) throw new Error('node redis-contender.mjs <row> <contender> <port> <messages>')
const n = Number(count)
const IN_FLIGHT = 256
const text = 'x'.repeat(98) // with its quotes 100 bytes of JSON
const json = JSON.stringify(text)
const connection = { port: Number(port), host: '127.0.0.1' }
const client = new Redis(connection)

/** The first quarter of the messages is the warm-up: the clock begins after it. */
const warm = Math.floor(n / 4)
let ticks = 0
let began = null
const tick = () => {
  if (ticks++ === warm) began = [process.cpuUsage(), performance.now()]
}

const isLog = contender.endsWith('log')
const source = (prefetch = IN_FLIGHT) =>
  fromRedis(client, { ...(isLog ? { log: 'in' } : { queue: 'in' }), window: 1000, prefetch }).pipe(take(n))
const counted = (value) => {
  tick()
  return value
}
/** A stage of 16 workers. */
const work = () => (isLog ? byKey((delivery) => delivery.key, 16, counted) : workerPool(16, through(counted)))
const performed = (pipeline) => run(background, pipeline).join()
const moved = () => performed(source().pipe(work(), toRedis(client, { stream: 'out' }), settle()))

/** Deliveries that no broker has. */
const numbers = () =>
  fromPull((lease) => {
    let next = 0
    const message = (i) => ({ value: text, key: null, attempt: 1, headers: new Map(), position: positionOf('in', 0, i, 0), settled() {} })
    return {
      request(places) {
        for (let i = 0; i < places && next < n; i++) {
          tick()
          lease.deliver(message(next++))
        }
      },
    }
  }).pipe(take(n))

/** Calls that are not answered yet, at most IN_FLIGHT. */
async function inFlight(each) {
  const pending = new Set()
  for (let i = 0; i < n; i++) {
    const one = each(i).finally(() => pending.delete(one))
    pending.add(one)
    if (pending.size >= IN_FLIGHT) await Promise.race(pending)
  }
  await Promise.all(pending)
}

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
  const queue = new Queue('in', { connection })
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
    const worker = new Worker('in', async () => tick(), { connection: { ...connection, maxRetriesPerRequest: null }, concurrency })
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
    'client, XACK a batch': async () => {
      for await (const entries of reads(IN_FLIGHT)) {
        entries.forEach(worked)
        await client.xack('in', 'millrace', ...entries.map(([id]) => id))
      }
    },
    'client, XACK each': async () => {
      for await (const entries of reads(IN_FLIGHT))
        await Promise.all(entries.map((entry) => (worked(entry), client.xack('in', 'millrace', entry[0]))))
    },
    'ours, a queue': () => performed(source().pipe(work(), settle())),
    'ours, a log': () => performed(source().pipe(work(), settle())),
    'BullMQ, 16 at a time': () => jobs(16),
  },
  'one by one': {
    client: async () => {
      for await (const [entry] of reads(1)) {
        worked(entry)
        await client.xack('in', 'millrace', entry[0])
      }
    },
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
  if (row !== 'publish') {
    const before = ticks
    await stored()
    ticks = before
    began = null
  }
} else if (row !== 'publish') {
  await plan(client, isLog ? { log: 'in' } : { queue: 'in' }).apply()
  const stream = isLog ? 'in:0' : 'in'
  for (let i = 0; i < n; i += 1000) {
    const pipeline = client.pipeline()
    for (let j = i; j < Math.min(n, i + 1000); j++) pipeline.xadd(stream, '*', 'value', json, 'key', String(j % 100))
    await pipeline.exec()
  }
}
await rows[row][contender]()
const [cpu, at] = began
const measured = n - warm
const wall = (performance.now() - at) * 1000
const { user, system } = process.cpuUsage(cpu)
console.log(JSON.stringify({ cpu: (user + system) / measured, wall: wall / measured }))
process.exit() // reads of the client may be under way
