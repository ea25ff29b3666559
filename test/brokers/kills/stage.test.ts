/** A stage in two other processes: a process, the server or both are killed at a seeded point, and the output is that of one process. */
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { setTimeout as pause } from 'node:timers/promises'
import { tap } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { background } from 'millrace'
import { natsLink, plan } from 'millrace/nats'
import { collect, fromIterable } from 'millrace/operators'
import { startServer, type NatsServer } from '../server.js'
import { squaring, STAGES } from './squaring.js'
import { WorkerProcess } from './workers.js'

const points = Number(process.env.KILLS ?? 2)
const LEASE = 1500
const MESSAGES = 1500
const items = Array.from({ length: MESSAGES }, (_, n) => ({ n, key: `k${n % 50}` }))

class StageRun {
  readonly workers: WorkerProcess[] = []

  private constructor(
    readonly server: NatsServer,
    readonly nc: NatsConnection,
  ) {}

  static async open(): Promise<StageRun> {
    const server = await startServer()
    const reconnect = { reconnectTimeWait: 50, reconnectJitter: 0, maxReconnectAttempts: -1, ignoreClusterUpdates: true }
    const nc = await connect({ port: server.port, ...reconnect })
    await plan(nc, { stages: STAGES }).apply()
    return new StageRun(server, nc)
  }

  async begins(): Promise<void> {
    this.workers.push(await WorkerProcess.begins('stage-worker', { port: this.server.port, lease: LEASE }))
  }
  async kills(): Promise<void> {
    await this.workers.shift()?.kill()
  }
  async restarts(): Promise<void> {
    await this.server.kill()
    await pause(100)
    await this.server.start()
  }
  async close(): Promise<void> {
    for (const worker of this.workers) await worker.kill()
    await this.nc.close()
    await this.server.close()
  }
}

const rows: Readonly<Record<string, (run: StageRun) => Promise<unknown>>> = {
  'a process that works is killed': (run) => run.kills(),
  'the server is killed': (run) => run.restarts(),
  'a process that works and the server are killed': (run) => Promise.all([run.kills(), run.restarts()]),
}

/** The results, with a kill when `at` of them have come. */
async function resultsOf(run: StageRun, at: number, kill: (run: StageRun) => Promise<unknown>): Promise<readonly number[]> {
  let seen = 0
  let killing: Promise<unknown> = Promise.resolve()
  const placed = squaring(false).over(natsLink(run.nc, { stages: STAGES, lease: LEASE }), { workers: 32 })
  const counted = tap((_square: number) => {
    if (++seen === at) killing = kill(run)
  })
  const results = await collect(background, fromIterable(items).pipe(placed, counted)).join()
  await killing
  return results
}

describe.concurrent('kills and a stage elsewhere', () => {
  for (const [name, kill] of Object.entries(rows))
    for (let seed = 1; seed <= points; seed++)
      it(`${name}: point ${seed}`, async () => {
        const run = await StageRun.open()
        try {
          await Promise.all([run.begins(), run.begins()])
          const results = await resultsOf(run, Math.ceil((MESSAGES * (seed - 0.5)) / points), kill)
          // With a key the results of different keys come in the order of their ends.
          const byKey = (all: readonly number[], k: number) => all.filter((square) => Math.round(Math.sqrt(square)) % 50 === k)
          const squares = items.map(({ n }) => n * n)
          for (let k = 0; k < 50; k++) expect(byKey(results, k)).toEqual(byKey(squares, k))
          expect(results).toHaveLength(MESSAGES)
        } finally {
          await run.close()
        }
      })
})
