/**
 * Many messages, and a kill every few seconds: a worker, the server, both, a stop, a drain, in a seeded order. By default a few
 * thousand messages; `npm run kills:long` has a million, and a kill every 5 s. `ENGINE=redis` runs that engine alone.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { KillEngine } from './engine.js'
import { kafka } from './engines/kafka.js'
import { nats } from './engines/nats.js'
import { postgres } from './engines/postgres.js'
import { redis } from './engines/redis.js'
import { KillRun } from './run.js'

const messages = Number(process.env.MESSAGES ?? 6000)
/** ms between two kills. */
const EVERY = Number(process.env.EVERY ?? 500)
const LEASE = 1500
const WINDOW = 256

const engines = [nats, postgres, redis, kafka].filter(({ id }) => id === (process.env.ENGINE ?? id))

const kills: Readonly<Record<string, (run: KillRun) => Promise<unknown>>> = {
  worker: (run) => replaced(run, (worker) => run.kills(worker)),
  drain: (run) => replaced(run, (worker) => run.drains(worker)),
  server: (run) => run.restarts(),
  both: async (run) => {
    await Promise.all([kills.worker(run), kills.server(run)])
  },
  stop: async ({ workers: [worker] }) => {
    worker.signal('SIGSTOP')
    await pause(3 * LEASE)
    worker.signal('SIGCONT')
  },
}

async function replaced(run: KillRun, ending: (worker: KillRun['workers'][number]) => Promise<void>): Promise<void> {
  await ending(run.workers[0])
  await run.begins()
}

/** Kills until nearly all messages are through, at least once. Returns the number of kills of each kind. */
async function killed(run: KillRun): Promise<Readonly<Record<string, number>>> {
  const made: Record<string, number> = {}
  const nearlyOver = run.reaches(0.95).then(() => true)
  nearlyOver.catch(() => {}) // awaited below
  for (;;) {
    const isOver = (await Promise.race([nearlyOver, pause(EVERY)])) === true
    if (isOver && Object.keys(made).length > 0) return made
    const kind = Object.keys(kills)[Math.floor(run.random() * Object.keys(kills).length)]
    await kills[kind](run)
    made[kind] = (made[kind] ?? 0) + 1
    if (isOver) return made
  }
}

async function isLong(engine: KillEngine): Promise<void> {
  const sizes = { partitions: 8, window: WINDOW, longest: 4, keys: 1000, lease: LEASE }
  const options = { ...sizes, use: 'log', seed: Number(process.env.SEED ?? 1), hasIds: engine.hasIds, messages } as const
  const rest = async (run: KillRun): Promise<void> => {
    const began = performance.now()
    await Promise.all([run.begins(), run.begins()])
    const made = await killed(run)
    const tally = await run.finishes()
    const seconds = Math.round((performance.now() - began) / 1000)
    console.log(`${engine.name}: ${messages} messages in ${seconds} s, kills: ${JSON.stringify(made)}; ${JSON.stringify(tally)}`)
    expect(tally).toMatchObject({ lost: 0, outOfOrder: 0 })
    expect(tally.duplicates).toBeLessThanOrEqual(engine.hasIds ? 0 : tally.takeovers * WINDOW)
  }
  await KillRun.of(engine, options, rest, Math.max(600_000, 20 * messages))
}

for (const engine of engines)
  it(
    `a log of ${messages} messages of ${engine.name} and a kill each ${EVERY} ms: nothing is lost, out of order or, with ids, stored twice`,
    { timeout: 7 * 3600e3 },
    () => isLong(engine),
  )
