/**
 * A primary of a cluster that is killed in mid-run, and starts again; and primaries whose replicas take their places, as where servers are
 * updated one after the other. `KILLS=20` runs each row at 20 points; by default at one. Runs with
 * odd seeds publish without ids, and count the repeated messages; runs with even seeds publish with ids.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { describe, it } from 'vitest'
import { seedsOf } from '../../kills/engine.js'
import { KillRun } from '../../kills/run.js'
import { holds } from '../../kills/tallies.js'
import { PRIMARIES } from './cluster.js'
import { redisCluster, redisReplicas, type ClusterBroker } from './engine.js'

/** A lease that no worker loses: repeated are only publishes whose answer was lost. */
const SIZES = { partitions: 4, window: 64, longest: 8, messages: 2000, keys: 50, lease: 30_000 }

describe.concurrent.each(['log', 'queue'] as const)('kills in a cluster of Redis and a %s', (use) => {
  it.each(seedsOf(redisCluster))('a primary is killed: point %i', async (seed) => {
    const hasIds = seed % 2 === 0
    await KillRun.of(redisCluster, { ...SIZES, use, seed, hasIds }, async (run) => {
      const { cluster } = run.server as ClusterBroker // that of the engine
      await Promise.all([run.begins(), run.begins()])
      await run.reaches(0.05 + 0.6 * run.random())
      await run.isUnderWay()
      await cluster.kill(Math.floor(PRIMARIES * run.random()))
      await pause(2500 * run.random()) // after a second the others know that one is away, and serve no slot
      await cluster.heal()
      const tally = await run.finishes()
      holds(redisCluster.name, use, 'a primary is killed', { tally, most: hasIds ? 0 : 2 * redisCluster.unconfirmed, hasIds })
    })
  })

  it.each(seedsOf(redisReplicas))('the replica of each primary takes its place: point %i', async (seed) => {
    const hasIds = seed % 2 === 0
    await KillRun.of(redisReplicas, { ...SIZES, use, seed, hasIds }, async (run) => {
      const { cluster } = run.server as ClusterBroker // that of the engine
      await Promise.all([run.begins(), run.begins()])
      await run.reaches(0.05 + 0.6 * run.random())
      for (let i = 0; i < PRIMARIES; i++) {
        await run.isUnderWay()
        await cluster.failover(i)
        await pause(500 * run.random())
      }
      const tally = await run.finishes()
      holds(redisReplicas.name, use, 'replicas take over', { tally, most: hasIds ? 0 : 2 * redisReplicas.unconfirmed, hasIds })
    })
  })
})
