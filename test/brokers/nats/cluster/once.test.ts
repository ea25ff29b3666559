import type { OnceClaim } from 'millrace/broker'
import { natsOnce, plan } from 'millrace/nats'
import { expect, it } from 'vitest'
import { NatsCluster, NODES } from './cluster.js'

it('of eight claims of an id at a time, at each server of the cluster, one is granted and the others are told who was first', async () => {
  const cluster = await NatsCluster.start()
  const connections = await Promise.all(Array.from({ length: 8 }, () => cluster.connect()))
  try {
    await plan(connections[0], { bucket: 'effects', replicas: NODES }).apply()
    const stores = connections.map((nc) => natsOnce(nc, { bucket: 'effects' }))
    for (let round = 0; round < 40; round++) {
      const claims = stores.map((store, i) => store.claim(`id ${round}`, `claimer ${i}`, { lease: 60_000, within: 60_000 }))
      const states = ((await Promise.all(claims)) as OnceClaim[]).map(({ state }) => state).sort() // a promise of each
      expect(states).toEqual([...Array.from({ length: 7 }, () => 'busy'), 'claimed'])
    }
  } finally {
    for (const nc of connections) await nc.close()
    await cluster.close()
  }
})
