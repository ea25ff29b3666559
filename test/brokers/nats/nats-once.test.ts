/** The store of `once` in NATS KV. */
import { background, chan, go, sleep, withCancel } from 'millrace'
import { once, settle } from 'millrace/broker'
import { fromNats, natsOnce, plan } from 'millrace/nats'
import { run, workerPool } from 'millrace/operators'
import { expect, it } from 'vitest'
import { holdsForStores } from '../once-stores.js'
import { Proxy } from '../proxy.js'
import { countOf, servers } from './nats.js'

const open = servers()
const bucket = 'effects'

it('names the cure where its bucket is missing, or is of another kind', async () => {
  const nc = await (await open()).connect()
  const store = natsOnce(nc, { bucket })
  await expect(Promise.resolve(store.claim('a', 'me', { lease: 1, within: 1 }))).rejects.toMatchObject({
    name: 'NatsSetupError',
    message: 'natsOnce(nc, { bucket: "effects" }): the server has no stream "KV_effects"; plan(nc, …).apply() creates what is missing',
  })
  const created = [{ kind: 'create', what: 'stream "KV_effects"', differences: [] }]
  expect(await plan(nc, { bucket }).apply()).toEqual(created)
  expect(await plan(nc, { bucket }).apply()).toEqual([])
  expect(await store.claim('a', 'me', { lease: 1000, within: 1000 })).toEqual({ state: 'claimed', isUnsure: false })
  await plan(nc, { queue: 'KV_plain', subjects: ['$KV.plain.>'] }).apply()
  await expect(Promise.resolve(natsOnce(nc, { bucket: 'plain' }).release('a', 'me'))).rejects.toThrow('lacks allow_msg_ttl')
})

holdsForStores(async () => {
  const nc = await (await open()).connect()
  await plan(nc, { bucket }).apply()
  await plan(nc, { queue: 'greetings' }).apply()
  return {
    store: () => natsOnce(nc, { bucket }),
    clear: () => nc.request(`$JS.API.STREAM.PURGE.KV_${bucket}`, '', { timeout: 10_000 }),
    async publish(values) {
      for (const value of values) await nc.request('greetings', JSON.stringify(value), { timeout: 10_000 })
    },
    source: () => fromNats<string>(nc, { queue: 'greetings', prefetch: 4 }),
  }
})

it('a claimer that is killed leaves the id unsure, at the end of its lease', async () => {
  const opened = await open()
  const nc = await opened.connect()
  await plan(nc, { bucket }).apply()
  await plan(nc, { queue: 'in', lease: 1500 }).apply()
  const proxy = new Proxy(opened.server.port)
  const killed = await opened.connect({ port: await proxy.listen() })
  const begun = chan<string>(10)
  const worker = (name: string, through: typeof nc, work: () => unknown) => {
    const effect = once<string>(
      natsOnce(through, { bucket }),
      { within: 60_000, lease: 1500, unsure: name === 'first' ? 'again' : 'reject' },
      () => {
        begun.trySend(name)
        return work()
      },
    )
    return fromNats<string>(through, { queue: 'in', beat: 500 }).pipe(workerPool(1, effect))
  }
  using ctx = withCancel(background)
  const first = run(ctx, worker('first', killed, () => sleep(1e9)).pipe(settle()))
  await nc.request('in', '"a"', { timeout: 10_000 })
  await begun.receive()
  proxy.cut()
  await killed.close()
  await first.join().attempt()
  const letters = chan<unknown>(1)
  go(function* () {
    yield* run(ctx, worker('second', nc, () => undefined).pipe(settle({ deadLetters: ({ cause }) => void letters.trySend(cause) }))).join()
  })
  expect(await letters.receive()).toMatchObject({ value: { name: 'UnsureError' } })
  expect(begun.tryReceive()).toMatchObject({ left: 'empty' })
})

it('the server forgets ids after their time', async () => {
  const nc = await (await open()).connect()
  await plan(nc, { bucket }).apply()
  const store = natsOnce(nc, { bucket })
  await store.claim('a', 'me', { lease: 10, within: 10 })
  await store.claim('b', 'me', { lease: 10, within: 10 })
  await store.release('b', 'me')
  await store.finish('c', 'me', 10)
  await expect.poll(() => countOf(nc, `KV_${bucket}`), { timeout: 60_000 }).toBe(0)
  await expect(Promise.resolve(store.claim('x'.repeat(2000), 'me', { lease: 1, within: 1 }))).rejects.toThrow('expected at most 1000')
})
