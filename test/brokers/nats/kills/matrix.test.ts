/**
 * Workers and servers that are killed in mid-run, each at a seeded point. `KILLS=20` runs each row at 20 points; by default at two.
 * Runs with odd seeds publish without ids, and count the repeated messages; runs with even seeds publish with ids, and repeat none.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { KillRun, type Tally } from './run.js'
import { note } from './tallies.js'

const points = Number(process.env.KILLS ?? 2)
const PARTITIONS = 4
const WINDOW = 64
/** Publishes of two workers that are not confirmed. */
const UNCONFIRMED = 2 * 256

interface Row {
  /** ms: long where no takeover is waited for, so that a busy machine makes none. */
  readonly lease: { readonly log: number; readonly queue: number }
  kill(run: KillRun): Promise<unknown>
  /** The most messages that may be repeated. */
  most(tally: Tally, use: 'log' | 'queue'): number
}

/** A window for each takeover of a partition; in a queue the window of all workers. */
const windows = ({ takeovers }: Tally, use: 'log' | 'queue'): number => (use === 'log' ? takeovers : 1) * WINDOW
const TAKEN_OVER = { log: 1500, queue: 3000 }
const NEVER = { log: 30_000, queue: 30_000 }

const rows: Record<string, Row> = {
  'a worker is killed': { lease: TAKEN_OVER, most: windows, kill: (run) => run.kills(run.workers[0]) },
  'the server is killed': { lease: NEVER, most: () => UNCONFIRMED, kill: restarted },
  'a worker and the server are killed': {
    lease: TAKEN_OVER,
    most: (tally, use) => windows(tally, use) + UNCONFIRMED,
    async kill(run) {
      const [worker] = run.workers
      if (run.random() < 0.5) await run.kills(worker)
      await restarted(run)
      await pause(run.random() * 300)
      if (run.workers.includes(worker)) await run.kills(worker)
    },
  },
  'a worker is stopped for three leases': {
    lease: TAKEN_OVER,
    most: windows,
    async kill({ workers: [worker], options: { lease } }) {
      worker.signal('SIGSTOP')
      await pause(3 * lease)
      worker.signal('SIGCONT')
    },
  },
  'a worker is drained': { lease: NEVER, most: () => 0, kill: (run) => run.drains(run.workers[0]) },
}

async function restarted(run: KillRun): Promise<void> {
  await run.server.kill()
  await pause(run.random() * 300)
  await run.server.start()
}

for (const use of ['log', 'queue'] as const)
  describe.concurrent(`kills and a ${use} of NATS`, () => {
    for (const [name, { lease, kill, most }] of Object.entries(rows))
      for (let seed = 1; seed <= points; seed++)
        it(`${name}: point ${seed}`, async () => {
          const hasIds = seed % 2 === 0
          const sizes = { partitions: PARTITIONS, window: WINDOW, longest: 8, messages: 4000, keys: 50 }
          const run = await KillRun.open({ ...sizes, use, seed, hasIds, lease: lease[use] })
          try {
            await Promise.all([run.begins(), run.begins()])
            await run.reaches(0.05 + 0.8 * run.random())
            await kill(run)
            const tally = await run.finishes()
            note(`${use}, ${hasIds ? 'with' : 'without'} ids: ${name}`, tally)
            expect(tally).toMatchObject({ lost: 0, ...(use === 'log' && { outOfOrder: 0 }) })
            expect(tally.duplicates).toBeLessThanOrEqual(hasIds ? 0 : most(tally, use))
          } finally {
            await run.close()
          }
        })
  })
