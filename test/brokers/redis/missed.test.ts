/** Messages that Redis has dropped before they were settled: the source says how many, each once, and none that were settled. */
import { background, sleep, withCancel } from 'millrace'
import { lag, settle, type Delivery } from 'millrace/broker'
import { onUnpaced, run, workerPool } from 'millrace/operators'
import { fromRedis, plan, toRedis, type FromRedis } from 'millrace/redis'
import type { Observable } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { outgoing, publishing } from '../../../src/adapters/broker/outgoing.js'
import { warningsOf } from '../warnings.js'
import { serverForTests } from './harness.js'
import { majorVersion } from './server.js'

const { client } = serverForTests()

let names = 0
const SOON = { lease: 300, poll: 50 }

/** A stream as a queue, or as a log of one partition of two: the other stays empty. */
async function opened(use: 'queue' | 'log', more: Partial<FromRedis> = {}) {
  const name = `${use} ${names++}`
  const stream = use === 'log' ? `${name}:0` : name
  const place = use === 'log' ? { log: name, partitions: 2 } : { queue: name }
  await plan(client, place).apply()
  const to = toRedis<number>(client, { stream })
  const source = () => fromRedis(client, { ...place, ...SOON, ...more }) as Observable<never>
  return {
    name,
    stream,
    source,
    place: use === 'log' ? `${name}/0` : name,
    missed: async () => (await lag(source())).missed,
    publish: async (from: number, end: number) => {
      for (let n = from; n < end; n++) await publishing(background, outgoing(n), to).join()
    },
  }
}

/** The warnings of all sources while it is not disposed of. */
function listening() {
  const warnings: string[] = []
  const off = onUnpaced(({ message }) => void warnings.push(message))
  return { warnings, [Symbol.dispose]: off }
}

const numbers = (from: number, end: number) => Array.from({ length: end - from }, (_, i) => from + i)

const counts = majorVersion() >= 7
if (!counts)
  console.log('NOT RUN: a Redis before 7 does not count the entries that a stream has had, so that none are told that were dropped unread')

describe.runIf(counts).each(['queue', 'log'] as const)('a %s of Redis', (use) => {
  it.each([false, true])('says how many messages were dropped while no worker was there, once (remove: %s)', async (remove) => {
    const { stream, source, publish, missed, place, name } = await opened(use, { remove })
    await publish(0, 3)
    expect(await warningsOf(source(), 3)).toEqual({ read: [0, 1, 2], warnings: [] })
    await publish(3, 40)
    expect(await missed()).toBe(0)
    await client.xtrim(stream, 'MAXLEN', 10)
    expect(await missed()).toBe(27)
    expect(await warningsOf(source(), 10)).toEqual({
      read: numbers(30, 40),
      warnings: [
        `millrace: the server has deleted messages that were not read (27): of ${place}, of "from ${name}". They are lost: raise the limits of age and size, or the number of workers.`,
      ],
    })
    expect(await missed()).toBe(0)
    await publish(40, 42)
    expect(await warningsOf(source(), 2)).toEqual({ read: [40, 41], warnings: [] })
  })

  it('says how many were dropped before the first worker came', async () => {
    const { stream, source, publish } = await opened(use)
    await publish(0, 12)
    await client.xtrim(stream, 'MAXLEN', 4)
    expect(await warningsOf(source(), 4)).toEqual({
      read: [8, 9, 10, 11],
      warnings: [expect.stringContaining('that were not read (8)') as string],
    })
  })

  it('says how many were dropped behind a worker that is slow', async () => {
    const { stream, source, publish } = await opened(use, { prefetch: 1 })
    using heard = listening()
    await publish(0, 20)
    const stop = withCancel(background)
    const seen: unknown[] = []
    const slow = workerPool(1, async (delivery: Delivery<unknown>) => {
      if (seen.push(delivery.value) === 1) await client.xtrim(stream, 'MAXLEN', 5)
      return delivery
    })
    const running = run(stop, source().pipe(slow, settle()))
    await expect.poll(() => heard.warnings.length).toBe(1)
    await expect.poll(() => seen.at(-1)).toBe(19)
    stop.cancel()
    await running.join().attempt()
    const lost = 15 - (seen.length - 5)
    expect(heard.warnings).toEqual([expect.stringContaining(`that were not read (${lost})`) as string])
  })

  it('says nothing of messages that were settled, by workers that are given up in mid-run and retries', async () => {
    const { source, publish, missed, stream } = await opened(use, { remove: true })
    using heard = listening()
    await publish(0, 200)
    const seen = new Set<unknown>()
    let works = 0
    for (let round = 0; seen.size < 200; round++) {
      const stops = [withCancel(background), withCancel(background)]
      const working = workerPool(4, async (delivery: Delivery<unknown>) => {
        if (++works % 40 === 0) stops[round % 2].cancel()
        if (works % 7 === 0 && stops.every((stop) => stop.err()._tag === 'None')) throw new Error('again')
        await sleep(works % 3)
        seen.add(delivery.value)
        return delivery
      })
      const retry = use === 'queue' ? 'later' : 'here'
      const runs = stops.map((stop) => run(stop, source().pipe(working, settle({ attempts: 100, retry }))))
      await expect.poll(() => seen.size === 200 || stops.some((stop) => stop.err()._tag === 'Some'), { timeout: 20_000 }).toBe(true)
      for (const stop of stops) stop.cancel()
      for (const running of runs) await running.join().attempt()
    }
    expect(heard.warnings).toEqual([])
    await publish(200, 201)
    expect((await warningsOf(source(), 1)).warnings).toEqual([])
    expect(await missed()).toBe(0)
    expect(await client.xlen(stream)).toBeLessThan(200)
  })

  it('counts from now on for a group that another program has made', async () => {
    const { stream, source, publish, place } = await opened(use)
    await publish(0, 10)
    await client.xgroup('DESTROY', stream, 'millrace')
    await client.del(`{${stream}}:millrace:millrace:reads`, `{${stream}}:millrace:millrace:owner`)
    await client.xtrim(stream, 'MAXLEN', 6)
    await client.xgroup('CREATE', stream, 'millrace', '0')
    expect(await warningsOf(source(), 2)).toEqual({ read: [4, 5], warnings: [] })
    await client.xtrim(stream, 'MAXLEN', 1)
    expect(await warningsOf(source(), 1)).toEqual({
      read: [9],
      warnings: [expect.stringContaining(`that were not read (3): of ${place}`) as string],
    })
  })
})

it.runIf(counts)('a queue says how many were dropped that a worker had which was killed', async () => {
  const { stream, source, publish } = await opened('queue')
  await publish(0, 6)
  const stop = withCancel(background)
  const stuck = workerPool(3, (delivery: Delivery<unknown>) => sleep(60_000).map(() => delivery))
  const running = run(stop, source().pipe(stuck, settle()))
  const pending = async () => ((await client.xpending(stream, 'millrace')) as [number])[0]
  await expect.poll(pending).toBe(3)
  stop.cancel()
  await running.join().attempt()
  await client.xtrim(stream, 'MAXLEN', 0)
  using heard = listening()
  const next = withCancel(background)
  const idle = run(next, source().pipe(settle()))
  await expect.poll(() => heard.warnings.length).toBe(2)
  next.cancel()
  await idle.join().attempt()
  expect(heard.warnings).toEqual([expect.stringContaining('(3)') as string, expect.stringContaining('(3)') as string])
})
