/**
 * Many messages, and a kill every few seconds: a worker, the server, both, a stop, a drain, in a seeded order. By default a few
 * thousand messages; `npm run kills:long` has a million, and a kill every 5 s.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { KillRun } from './run.js'

const messages = Number(process.env.MESSAGES ?? 6000)
/** ms between two kills. */
const EVERY = Number(process.env.EVERY ?? 500)
const LEASE = 1500
const WINDOW = 256

const kills: Record<string, (run: KillRun) => Promise<unknown>> = {
  worker: (run) => replaced(run, (worker) => run.kills(worker)),
  drain: (run) => replaced(run, (worker) => run.drains(worker)),
  server: async (run) => {
    await run.server.kill()
    await pause(run.random() * 300)
    await run.server.start()
  },
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

it(
  `a log of ${messages} messages and a kill each ${EVERY} ms: nothing is lost, nothing is out of order, nothing is stored twice`,
  { timeout: 6 * 3600e3 },
  async () => {
    const sizes = { partitions: 8, window: WINDOW, longest: 4, keys: 1000, lease: LEASE }
    const run = await KillRun.open({ ...sizes, use: 'log', seed: Number(process.env.SEED ?? 1), hasIds: true, messages })
    const began = performance.now()
    const made: Record<string, number> = {}
    try {
      await Promise.all([run.begins(), run.begins()])
      for (let isOver = false; !isOver;) {
        isOver = (await Promise.race([run.reaches(0.95).then(() => true), pause(EVERY)])) === true
        if (isOver && Object.keys(made).length > 0) break
        const kind = Object.keys(kills)[Math.floor(run.random() * Object.keys(kills).length)]
        await kills[kind](run)
        made[kind] = (made[kind] ?? 0) + 1
      }
      const tally = await run.finishes()
      const seconds = Math.round((performance.now() - began) / 1000)
      console.log(`${messages} messages in ${seconds} s, kills: ${JSON.stringify(made)}; ${JSON.stringify(tally)}`)
      expect(tally).toMatchObject({ lost: 0, outOfOrder: 0, duplicates: 0 })
    } finally {
      await run.close()
    }
  },
)
