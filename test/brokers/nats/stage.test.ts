/** Stages over a link of NATS: the facts of every link, on a real server, and those of NATS. */
import { background, fromPromise, go, withCancel, withTimeout } from 'millrace'
import { serve, stage, type StageLink } from 'millrace/broker'
import { natsLink, plan } from 'millrace/nats'
import { collect, fromIterable } from 'millrace/operators'
import type { NatsConnection } from '@nats-io/transport-node'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { stageElsewhere } from '../../broker/stage-elsewhere.js'
import { Proxy } from '../proxy.js'
import { countOf, servers, type Opened } from './nats.js'

const open = servers()
const stages = 'shop'
const LEASE = 1500

interface Consumers {
  readonly consumers: readonly {
    readonly name: string
    readonly ack_floor: { readonly consumer_seq: number }
    readonly num_pending: number
  }[]
}
const consumersOf = async (nc: NatsConnection, kind: string) =>
  (await nc.request(`$JS.API.CONSUMER.LIST.${stages}-${kind}`, '', { timeout: 10_000 })).json<Consumers>().consumers

class Links {
  private readonly _cuts = new Map<StageLink, () => void>()

  constructor(private readonly _opened: Opened) {}

  async connect(): Promise<StageLink> {
    const proxy = new Proxy(this._opened.server.port)
    const nc = await this._opened.connect({ port: await proxy.listen() })
    const link = natsLink(nc, { stages, lease: LEASE })
    this._cuts.set(link, () => {
      proxy.cut()
      void nc.close()
    })
    return link
  }
  cut(link: StageLink): void {
    this._cuts.get(link)?.()
    this._cuts.delete(link)
  }
  close(): void {
    for (const link of [...this._cuts.keys()]) this.cut(link)
  }
}

stageElsewhere(async (body) => {
  const opened = await open()
  const nc = await opened.connect()
  await plan(nc, { stages }).apply()
  const links = new Links(opened)
  const program = go(() =>
    body({
      connect: function* () {
        return yield* fromPromise(links.connect())
      },
      cut: (link) => {
        links.cut(link)
      },
      *noticed(works) {
        const told = async () => (await consumersOf(nc, 'replies')).filter(({ ack_floor }) => ack_floor.consumer_seq >= works).length
        yield* fromPromise(expect.poll(told).toBe(1))
      },
      *publish(topic, value) {
        yield* fromPromise(nc.request(`${stages}.items.${topic}`, JSON.stringify(value), { timeout: 10_000 }))
      },
      *settled() {
        const left = async () => [await countOf(nc, `${stages}-items`), await countOf(nc, `${stages}-replies`), (await consumersOf(nc, 'replies')).length] // prettier-ignore
        yield* fromPromise(expect.poll(left).toEqual([0, 0, 0]))
      },
    }),
  )
  try {
    await program.join()
  } finally {
    links.close()
  }
})

const echo = stage('echo', { input: z.string(), output: z.string() }, (text) => text)

describe('natsLink', () => {
  it('fails by name where a stream is missing, in over and in serve', async () => {
    const link = natsLink(await (await open()).connect(), { stages })
    using ctx = withTimeout(background, 60_000)
    const missing = { name: 'NatsSetupError', message: expect.stringContaining('natsLink(nc, { stages: "shop" }): the server has no stream "shop-') as string } // prettier-ignore
    await expect(collect(ctx, fromIterable(['a']).pipe(echo.over(link, { workers: 1 }))).join()).rejects.toMatchObject(missing)
    await expect(serve(ctx, link, echo).join()).rejects.toMatchObject(missing)
  })

  it('fails where the connection is closed', async () => {
    const opened = await open()
    const [nc, other] = [await opened.connect(), await opened.connect()]
    await plan(nc, { stages }).apply()
    const calling = collect(background, fromIterable(['a']).pipe(echo.over(natsLink(nc, { stages }), { workers: 1 }))).join()
    await expect.poll(() => countOf(other, `${stages}-items`)).toBe(1)
    const end = expect(calling).rejects.toMatchObject({ name: 'NatsClosedError' })
    await nc.close()
    await end
  })

  it('keeps the items of a stage that nobody serves, through a restart of the server', async () => {
    const opened = await open()
    const nc = await opened.connect()
    await plan(nc, { stages }).apply()
    const calling = collect(background, fromIterable(['a', 'b']).pipe(echo.over(natsLink(nc, { stages }), { workers: 2 }))).join()
    await expect.poll(() => countOf(nc, `${stages}-items`)).toBe(2)
    await opened.server.kill()
    await opened.server.start()
    const link = natsLink(await opened.connect(), { stages })
    using ctx = withCancel(background)
    const serving = serve(ctx, link, echo)
    expect(await calling).toEqual(['a', 'b'])
    ctx.cancel()
    await serving.join()
  })

  it('fails the item, and no other, that is too large or no JSON; and the result', async () => {
    const opened = await open({ config: 'max_payload: 4096' })
    const nc = await opened.connect()
    await plan(nc, { stages }).apply()
    const big = stage('big', { input: z.unknown(), output: z.string() }, (n: unknown) => (n === 2 ? 'x'.repeat(5000) : String(n)))
    using ctx = withCancel(background)
    const serving = serve(ctx, natsLink(await opened.connect(), { stages }), big)
    const failed: string[] = []
    for (const item of ['x'.repeat(5000), 2, 3n]) {
      const calling = collect(ctx, fromIterable([1, item]).pipe(big.over(natsLink(nc, { stages }), { workers: 2 }))).join()
      failed.push(await calling.attempt().then((end) => String(end._tag === 'Left' && end.left)))
    }
    expect(failed).toEqual([
      'UnpublishableError: natsLink(nc, { stages: "shop" }): a message to "shop.items.big" cannot be published: InvalidArgumentError: \'payload\' max_payload size exceeded',
      expect.stringMatching(/^UnpublishableError: .*a message to "shop\.replies\..*max_payload/),
      expect.stringMatching(/^TypeError: .*BigInt/),
    ])
    const op = big.over(natsLink(nc, { stages }), { workers: 2, onFailure: 'skip' })
    expect(await collect(ctx, fromIterable([1, 'x'.repeat(5000), 2, 3n, 4]).pipe(op)).join()).toEqual(['1', '4'])
    ctx.cancel()
    await serving.join()
  })

  it('forgets a process that was killed', async () => {
    const opened = await open()
    const [nc, killed] = [await opened.connect(), await opened.connect()]
    await plan(nc, { stages }).apply()
    const link = natsLink(killed, { stages, forget: 100 })
    const calling = collect(background, fromIterable(['a']).pipe(echo.over(link, { workers: 1 }))).join()
    await expect.poll(() => consumersOf(nc, 'replies')).toHaveLength(1)
    await killed.close()
    await calling.attempt()
    await expect.poll(() => consumersOf(nc, 'replies'), { timeout: 60_000 }).toEqual([])
    using ctx = withCancel(background)
    const serving = serve(ctx, natsLink(nc, { stages }), echo) // works for nothing
    await expect.poll(() => countOf(nc, `${stages}-items`)).toBe(0)
    expect(await countOf(nc, `${stages}-replies`)).toBe(0)
    ctx.cancel()
    await serving.join()
  })

  it('is planned as two streams', async () => {
    const nc = await (await open()).connect()
    const missing = ['items', 'replies'].map((kind) => ({ kind: 'create', what: `stream "shop-${kind}"`, differences: [] }))
    expect(await plan(nc, { stages }).check()).toEqual(missing)
    expect(await plan(nc, { stages }).apply()).toEqual(missing)
    expect(await plan(nc, { stages }).apply()).toEqual([])
    expect(() => plan(nc, { stages, lease: 5 })).toThrow('lease')
  })
})
