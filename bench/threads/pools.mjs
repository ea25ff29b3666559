/** Ours and the peers, each with two threads: `call(name, argument)` and `end()`. */
import { Worker } from 'node:worker_threads'
import { threadPool } from '../../dist/threads.js'
import { peer } from '../peers/load.mjs'
import * as ours from './ours.mjs'

const SIZE = 2
const file = (name) => new URL(name, import.meta.url)

export async function makePools() {
  const pool = threadPool({ size: SIZE, idle: Infinity }) // the threads of the peers stay, too
  await pool.ready(ours.tiny)
  const remotes = Object.fromEntries(Object.entries(ours).map(([name, remote]) => [name, remote.on(pool)]))
  const pools = { ours: { call: (name, x) => remotes[name](x), end: () => pool.close() } }
  for (const [name, make] of Object.entries(peers)) {
    try {
      pools[name] = await make()
    } catch (error) {
      console.log(`without ${name}: ${error.message}`)
    }
  }
  return { pools, remotes, pool }
}

const peers = {
  piscina: () => piscina({}),
  'piscina, its best setting': () => piscina({ atomics: 'disabled', concurrentTasksPerWorker: 32 }),
  async tinypool() {
    const { default: Tinypool } = await peer('tinypool')
    const pool = new Tinypool({ filename: file('functions.mjs').href, minThreads: SIZE, maxThreads: SIZE })
    return { call: (name, x) => pool.run(x, { name }), end: () => pool.destroy() }
  },
  async workerpool() {
    const { default: workerpool } = await peer('workerpool')
    const pool = workerpool.pool(file('workerpool-worker.mjs').pathname, { minWorkers: SIZE, maxWorkers: SIZE, workerType: 'thread' })
    return { call: (name, x) => pool.exec(name, [x]), end: () => pool.terminate() }
  },
  async poolifier() {
    const { FixedThreadPool } = await peer('poolifier')
    const pool = new FixedThreadPool(SIZE, file('poolifier-worker.mjs').pathname)
    return { call: (name, x) => pool.execute(x, name), end: () => pool.destroy() }
  },
  async 'comlink, two in turn'() {
    const { wrap } = await peer('comlink')
    const { default: endpoint } = await peer('comlink/dist/esm/node-adapter.mjs')
    const workers = Array.from({ length: SIZE }, () => new Worker(file('comlink-worker.mjs')))
    const proxies = workers.map((worker) => wrap(endpoint(worker)))
    let next = 0
    return { call: (name, x) => proxies[next++ % SIZE][name](x), end: () => Promise.all(workers.map((worker) => worker.terminate())) }
  },
}

async function piscina(options) {
  const { Piscina } = await peer('piscina')
  const pool = new Piscina({ filename: file('functions.mjs').href, minThreads: SIZE, maxThreads: SIZE, ...options })
  return { call: (name, x) => pool.run(x, { name }), end: () => pool.destroy() }
}

/** Two threads without a pool, which have half of the jobs each. */
export function makeBare() {
  const workers = Array.from({ length: SIZE }, () => new Worker(file('bare-worker.mjs')))
  const answer = (worker, message) =>
    new Promise((resolve) => {
      worker.once('message', resolve)
      worker.postMessage(message)
    })
  return {
    spin: (jobs, iterations) => Promise.all(workers.map((worker) => answer(worker, { times: jobs / SIZE, iterations }))),
    roundTrip: (n) => answer(workers[0], n),
    end: () => Promise.all(workers.map((worker) => worker.terminate())),
  }
}
