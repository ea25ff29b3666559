/**
 * Workers and servers that are killed in mid-run, each at a seeded point. `KILLS=20` runs each row at 20 points; by default at one or two.
 * Runs with odd seeds publish without ids, and count the repeated messages; runs with even seeds publish with ids, where the server knows
 * them, and repeat none.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { seedsOf, type KillEngine } from './engine.js'
import { KillRun, type Counted, type Tally } from './run.js'
import type { Fault } from './settings.js'
import { holds } from './tallies.js'

const PARTITIONS = 4
const WINDOW = 64

type Use = 'log' | 'queue'

interface Row {
  /** ms: long where no takeover is waited for, so that a busy machine makes none. */
  readonly lease: Readonly<Record<Use, number>>
  /** May return a number of takeovers: those after it repeat nothing. */
  kill(run: KillRun): Promise<unknown>
  /** The most messages that may be repeated. */
  most(tally: Tally, use: Use, engine: KillEngine): number
}

/** A window for each takeover of a partition; in a queue the window of all workers. */
const windows = ({ takeovers }: Tally, use: Use): number => (use === 'log' ? takeovers : 1) * WINDOW
/** Publishes of two workers that are not confirmed. */
const unconfirmed = (_tally: Tally, _use: Use, engine: KillEngine): number => 2 * engine.unconfirmed
const TAKEN_OVER = { log: 1500, queue: 3000 }
const NEVER = { log: 30_000, queue: 30_000 }

export const rows: Readonly<Record<string, Row>> = {
  'a worker is killed': { lease: TAKEN_OVER, most: windows, kill: (run) => run.kills(run.workers[0]) },
  'the server is killed': { lease: NEVER, most: unconfirmed, kill: (run) => run.restarts() },
  'a worker and the server are killed': {
    lease: TAKEN_OVER,
    most: (tally, use, engine) => windows(tally, use) + unconfirmed(tally, use, engine),
    async kill(run) {
      const [worker] = run.workers
      if (run.random() < 0.5) await run.kills(worker)
      await run.restarts()
      await pause(run.random() * 300)
      if (run.workers.includes(worker)) await run.kills(worker)
    },
  },
  'a worker is stopped for three leases': {
    lease: { log: 1500, queue: 1500 },
    most: windows,
    async kill(run) {
      const [worker] = run.workers
      const before = run.takeovers
      worker.signal('SIGSTOP')
      await pause(3 * run.options.lease)
      await run.isTakenOver(before)
      await run.isUnderWay(run.workers.slice(1)) // else the worker would find nothing that it could do twice
      const { takeovers } = run
      worker.signal('SIGCONT')
      return takeovers
    },
  },
  'a worker is drained': { lease: NEVER, most: () => 0, kill: (run) => run.drains(run.workers[0]) },
}

/** The rows of the matrix, for an engine as a log and as a queue, at each of its points. */
export function killMatrix(engine: KillEngine): void {
  for (const use of engine.uses)
    describe.concurrent(`kills and a ${use} of ${engine.name}`, () => {
      for (const [name, row] of Object.entries(rows))
        for (const seed of seedsOf(engine)) it(`${name}: point ${seed}`, () => killed({ engine, use, name, row, seed }))
    })
}

export interface Point {
  readonly engine: KillEngine
  readonly use: Use
  readonly name: string
  readonly row: Row
  readonly seed: number
  readonly fault?: Fault
}

async function killed(point: Point): Promise<void> {
  const { engine, use, name } = point
  holds(engine.name, use, name, await countedAt(point))
}

/** The counts of a run, and the most messages that may be repeated. */
export function countedAt({ engine, use, row, seed, fault }: Point): Promise<Counted> {
  const { lease, kill, most } = row
  const hasIds = engine.hasIds && seed % 2 === 0
  const sizes = { partitions: PARTITIONS, window: WINDOW, longest: 20, messages: 4000, keys: 50 }
  return KillRun.of(engine, { ...sizes, use, seed, hasIds, lease: lease[use], fault }, async (run) => {
    await Promise.all([run.begins(), run.begins()])
    await run.reaches(0.05 + 0.8 * run.random())
    await run.isShared()
    const takeovers = await kill(run)
    const tally = await run.finishes()
    const repeating = typeof takeovers === 'number' ? { ...tally, takeovers } : tally
    return { tally, most: hasIds ? 0 : most(repeating, use, engine), hasIds }
  })
}
