// The service under load: 20,000 requests over real sockets; a fifth of the clients leave early, and a tenth are in a hurry.
import { getEventListeners } from 'node:events'
import type { AddressInfo } from 'node:net'
import { background, onCrash, onLateFailure, withCancel } from 'millrace'
import { keepAsyncContext } from 'millrace/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { queue } from '../../../src/runtime/scheduler/run-queue.js'
import { settle } from '../../support/settle.js'
import { Clients, type Tally } from './clients.js'
import { Ledger } from './ledger.js'
import { currentOrder, service } from './service.js'
import { startUpstreams } from './upstreams.js'

const REQUESTS = Number(process.env['REQUESTS'] ?? 20_000)
const ROUNDS = 5
const SEED = 20_261_128

const lifetime = withCancel(background)
const ledger = new Ledger()
const crashes: unknown[] = []
/** Lines of the log, and those of them that were written in the store of another request, or in none. */
const [lines, foreign]: [Tally, Tally] = [{}, {}]
const closers: (() => unknown)[] = []
let clients: Clients

const count = (tally: Tally, key: string, times = 1) => void (tally[key] = (tally[key] ?? 0) + times)
const total = (tally: Tally) => Object.values(tally).reduce((sum, times) => sum + times, 0)

beforeAll(async () => {
  keepAsyncContext()
  closers.push(onCrash((cause) => crashes.push(cause)))
  closers.push(onLateFailure(ledger.reportedLate))
  const { upstreams, close } = await startUpstreams(SEED)
  closers.push(close)
  const app = service({
    upstreams: {
      users: ledger.watch(upstreams.users),
      prices: ledger.watchHedged(upstreams.prices),
      stock: ledger.watch(upstreams.stock),
    },
    lifetime,
    log(what, order) {
      count(lines, what)
      if (currentOrder.getStore() !== order) count(foreign, what)
    },
    onFailure: ledger.reported,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  closers.push(() => app.close())
  clients = new Clients(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, SEED)
  closers.push(() => clients.close())
})
afterAll(async () => {
  for (const close of closers.reverse()) await close()
})

/** What a service at rest holds. */
async function atRest() {
  for (let round = 0; round < 10; round++) {
    await settle()
    await new Promise((resolve) => setTimeout(resolve, 10)) // sockets close
    globalThis.gc?.()
  }
  return {
    goroutines: queue.live,
    listeners: getEventListeners(lifetime.signal, 'abort').length,
    timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
    heap: process.memoryUsage().heapUsed,
  }
}

describe(`${REQUESTS} requests`, () => {
  const tally: Tally = {}
  const rests: Awaited<ReturnType<typeof atRest>>[] = []

  beforeAll(async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const sent = await clients.send(REQUESTS / ROUNDS)
      for (const [outcome, times] of Object.entries(sent)) count(tally, outcome, times)
      rests.push(await atRest())
    }
  })

  it('end with an order, a failure, or the deadline, or their clients leave', () => {
    expect(total(tally)).toBe(REQUESTS)
    expect(Object.keys(tally).sort()).toEqual(['200', '502', '504', 'left'])
  })

  it('crash nothing', () => expect(crashes).toEqual([]))

  it('leave no failure of an upstream unreported', () => {
    expect(ledger.failures).toBeGreaterThan(REQUESTS / 200)
    expect(ledger.open).toEqual(new Set())
  })

  it('keep each its own store, across goroutines, hedges and shared calls', () => {
    expect(Object.keys(lines).sort()).toEqual(['ended', 'handled', 'price', 'stock', 'user'])
    expect(foreign).toEqual({})
  })

  it('leave no goroutine, listener or timer', () => {
    for (const { goroutines, listeners, timers } of rests)
      expect({ goroutines, listeners, timers }).toEqual({ goroutines: 0, listeners: 0, timers: rests[0]?.timers })
  })

  // Of few requests the code that is compiled meanwhile weighs more.
  it.skipIf(REQUESTS < 20_000)('leave the heap as it was', () => {
    const [, early, ...later] = rests.map(({ heap }) => heap)
    const grown = (later.at(-1) ?? 0) - (early ?? 0)
    expect(grown / (REQUESTS * (1 - 2 / ROUNDS)), 'bytes that a request leaves behind').toBeLessThan(100) // a context alone has more
  })
})

describe('the end of the lifetime', () => {
  it('ends the requests under way, and leaves nothing', async () => {
    const sending = clients.send(300)
    await expect.poll(() => queue.live).toBeGreaterThan(0)
    lifetime.cancel()
    const tally = await sending
    expect(total(tally)).toBe(300)
    expect(tally['503']).toBeGreaterThan(0)
    expect(crashes).toEqual([])
    expect(ledger.open).toEqual(new Set())
    expect(await atRest()).toMatchObject({ goroutines: 0, listeners: 0 })
  })
})
