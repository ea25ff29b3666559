import { doctor, plan } from 'millrace/nats'
import { expect, it } from 'vitest'
import { NatsCluster } from './cluster.js'

it('doctor warns of streams that are away with one server of the cluster', async () => {
  const cluster = await NatsCluster.start()
  const nc = await cluster.connect()
  try {
    for (const [queue, replicas] of [['one', 1], ['two', 2], ['three', 3]] as const) await plan(nc, { queue, replicas }).apply() // prettier-ignore
    const { settings, warnings } = await doctor(nc)
    expect(settings.find(({ name }) => name === 'stream "three"')?.value).toBe('file, 3 replicas')
    expect(warnings.filter((warning) => warning.startsWith('stream')).sort()).toEqual([
      'stream "one" has one replica: it is away while its server is, and lost with the disk of that; use three',
      'stream "two" has 2 replicas, of which 2 are needed: as many may be away as of 1',
    ])
  } finally {
    await nc.close()
    await cluster.close()
  }
})
