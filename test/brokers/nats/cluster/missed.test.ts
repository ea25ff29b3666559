import { background, sleep, withCancel } from 'millrace'
import { lag, settle, through } from 'millrace/broker'
import { fromNats, plan } from 'millrace/nats'
import { onUnpaced, run, workerPool } from 'millrace/operators'
import { expect, it } from 'vitest'
import { NatsCluster, NODES } from './cluster.js'

const LOG = { log: 'in', partitions: 4 }
/** ms: seven looks, five seconds apart. */
const LOOKS = 31_000

it('a log of a cluster says how many messages were deleted unread, after half a minute and once', async () => {
  const cluster = await NatsCluster.start()
  const nc = await cluster.connect()
  const warnings: string[] = []
  const off = onUnpaced(({ message }) => void warnings.push(message))
  try {
    const limits = { max_msgs: 10, discard: 'old', num_replicas: NODES }
    const transform = { src: 'in.*', dest: 'in.{{partition(4,1)}}.{{wildcard(1)}}' }
    await cluster.ask(nc, '$JS.API.STREAM.CREATE.in', { name: 'in', subjects: ['in.*'], subject_transform: transform, ...limits })
    await plan(nc, LOG).apply()
    for (let n = 0; n < 42; n++) await cluster.ask(nc, `in.k${n % 7}`, n)
    const source = () => fromNats<number>(nc, { ...LOG, key: () => null, beat: 100 })
    expect((await lag(source())).missed).toBe(32)
    const read: number[] = []
    using stop = withCancel(background)
    const work = through((n: number) => void read.push(n))
    const running = run(stop, source().pipe(workerPool(4, work), settle()))
    await expect.poll(() => read.length, { timeout: 10_000 }).toBe(10)
    expect(warnings).toEqual([])
    await sleep(LOOKS)
    expect(warnings).toEqual([expect.stringContaining('(32): of in, of "from in"')])
    expect((await lag(source())).missed).toBe(0)
    expect(read.sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, i) => 32 + i))
    stop.cancel()
    await running.join().attempt()
  } finally {
    off()
    await nc.close()
    await cluster.close()
  }
})
