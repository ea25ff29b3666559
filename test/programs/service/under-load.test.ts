// The service under load: 20,000 requests over real sockets, a fifth of the clients leave early.
import { getEventListeners } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterFunc, background, onCrash, onLateFailure, withCancel } from 'millrace'
import { keepAsyncContext } from 'millrace/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { queue } from '../../../src/runtime/scheduler/run-queue.js'
import { time } from '../../../src/runtime/scheduler/timers.js'
import { settle } from '../../support/settle.js'
import { Clients, type Tally } from './clients.js'
import { Ledger } from './ledger.js'
import { currentOrder, service } from './service.js'
import { startUpstreams } from './upstreams.js'

const REQUESTS = 20_000
const ROUNDS = 5
const SEED = 20_261_128

interface Rest {
  readonly goroutines: number
  readonly timers: number
  readonly listeners: number
  readonly heap: number
}

/** All that a service at rest holds. */
async function restOf(lifetime: AbortSignal): Promise<Rest> {
  for (let round = 0; round < 5; round++) {
    await settle()
    await new Promise((resolve) => setTimeout(resolve, 20)) // sockets close
    globalThis.gc?.()
  }
  return {
    goroutines: queue.live,
    timers: time.size,
    listeners: getEventListeners(lifetime, 'abort').length,
    heap: process.memoryUsage().heapUsed,
  }
}

const lifetime = withCancel(background)
const ledger = new Ledger()
const crashes: unknown[] = []
const foreignStores = new Map<string, number>()
const lines = { ended: 0, handled: 0, price: 0, user: 0, stock: 0 }
const stack = new AsyncDisposableStack()
let clients: Clients

function log(what: keyof typeof lines, order: string): void {
  lines[what]++
  if (currentOrder.getStore() !== order) foreignStores.set(what, (foreignStores.get(what) ?? 0) + 1)
}

beforeAll(async () => {
  keepAsyncContext()
  stack.defer(onCrash((cause) => crashes.push(cause)))
  stack.defer(onLateFailure(ledger.reportedLate))
  const { upstreams } = stack.use(await startUpstreams(SEED))
  const app = service({
    upstreams: {
      users: ledger.watch(upstreams.users),
      prices: ledger.watchHedged(upstreams.prices),
      stock: ledger.watch(upstreams.stock),
    },
    lifetime,
    log,
    onFailure: ledger.reported,
  })
  await app.listen({ host: '127.0.0.1' })
  stack.defer(() => app.close())
  clients = stack.use(new Clients(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, SEED))
})
afterAll(() => stack.disposeAsync())

describe('20,000 requests', () => {
  const tally: Tally = {}
  const rests: Rest[] = []

  beforeAll(async () => {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [outcome, times] of Object.entries(await clients.send(REQUESTS / ROUNDS))) tally[outcome] = (tally[outcome] ?? 0) + times
      rests.push(await restOf(lifetime.signal))
    }
    console.log(tally, lines, { failures: ledger.failures, late: ledger.late }, foreignStores, rests)
  }, 300_000)

  it('each request ends with an order, its failure or its deadline', () => {
    expect(Object.values(tally).reduce((sum, times) => sum + times, 0)).toBe(REQUESTS)
    expect(Object.keys(tally).sort()).toEqual(['200', '502', '504', 'left'])
  })
})
