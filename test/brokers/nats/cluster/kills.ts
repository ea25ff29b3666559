/**
 * Servers of a cluster that are killed in mid-run: the leader of the stream, a follower, two of three. `KILLS=20` runs each row at 20
 * points; by default at one. Runs with odd seeds publish without ids, and count the repeated messages; runs with even seeds publish with ids.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { seedsOf } from '../../kills/engine.js'
import { KillRun } from '../../kills/run.js'
import { holds } from '../../kills/tallies.js'
import { NODES } from './cluster.js'
import { natsCluster, type ClusterBroker } from './engine.js'

const PARTITIONS = 4
const WINDOW = 64
const MESSAGES = 2000

type Use = 'log' | 'queue'

const others = (leader: number): number[] => Array.from({ length: NODES }, (_, i) => i).filter((i) => i !== leader)

const rows: Readonly<
  Record<string, (run: KillRun, { cluster, leader }: { cluster: ClusterBroker['cluster']; leader: number }) => Promise<unknown>>
> = {
  'the leader is killed': (_, { cluster, leader }) => cluster.kill(leader),
  'a follower is killed': (run, { cluster, leader }) => cluster.kill(others(leader)[run.random() < 0.5 ? 0 : 1]),
  async 'two of three are killed'(run, { cluster, leader }) {
    const [one, other] = others(leader)
    await Promise.all([cluster.kill(one), cluster.kill(run.random() < 0.5 ? other : leader)])
    await pause(2000)
    await cluster.heal() // of those that remained nothing could be stored
  },
}

/** The rows for a cluster as a log or as a queue. */
export function clusterKills(use: Use): void {
  describe.concurrent(`kills in a cluster of NATS and a ${use}`, () => {
    for (const [name, kill] of Object.entries(rows))
      for (const seed of seedsOf(natsCluster)) it(`${name}: point ${seed}`, () => killed(use, name, kill, seed))
  })
}

async function killed(use: Use, name: string, kill: (typeof rows)[string], seed: number): Promise<void> {
  const hasIds = seed % 2 === 0
  const sizes = { partitions: PARTITIONS, window: WINDOW, longest: 8, messages: MESSAGES, keys: 50, lease: 3000 }
  await KillRun.of(natsCluster, { ...sizes, use, seed, hasIds }, async (run) => {
    const server = run.server as ClusterBroker // that of the engine
    await Promise.all([run.begins(), run.begins()])
    await run.reaches(0.05 + 0.6 * run.random())
    await kill(run, { cluster: server.cluster, leader: await server.leader() })
    await run.reaches(1) // before a server is started again, unless two were killed
    await server.start()
    const tally = await run.finishes()
    const repeated = (use === 'log' ? PARTITIONS + tally.takeovers : 1) * WINDOW + 2 * natsCluster.unconfirmed
    holds(natsCluster.name, use, name, { tally, most: hasIds ? 0 : repeated, hasIds })
  })
}
