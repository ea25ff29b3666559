/** The store of `once` in NATS KV: it answers as the one in memory, and an effect happens once for all processes. */
import fc from 'fast-check'
import { background, chan, go, sleep, withCancel, type Op } from 'millrace'
import { memoryOnce, once, settle, type OnceClaim, type OnceStore } from 'millrace/broker'
import { fromNats, natsOnce, plan } from 'millrace/nats'
import { run, workerPool } from 'millrace/operators'
import { merge, take } from 'rxjs'
import { expect, it } from 'vitest'
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
  await expect(Promise.resolve(natsOnce(nc, { bucket: 'plain' }).release('a', 'me'))).rejects.toThrow('has not allow_msg_ttl')
})

/** Over at once, or not in this test. */
const ms = fc.constantFrom(0, 3_600_000, Infinity)
const id = fc.constantFrom('a', 'b. %c', '')
const owner = fc.constantFrom('me', 'you')
const step = fc.oneof(
  fc.record({ call: fc.constant('claim' as const), id, owner, lease: ms, within: ms }),
  fc.record({ call: fc.constant('finish' as const), id, owner, within: ms }),
  fc.record({ call: fc.constant('release' as const), id, owner }),
)

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** The answer to a step; the time to wait depends on clocks. */
async function answer(store: OnceStore, one: Step): Promise<unknown> {
  if (one.call === 'finish') return void (await store.finish(one.id, one.owner, one.within))
  if (one.call === 'release') return void (await store.release(one.id, one.owner))
  const { id, owner, lease, within } = one
  const claim = (await store.claim(id, owner, { lease, within })) as OnceClaim
  return claim.state === 'busy' ? [claim.state, claim.wait > 0] : claim
}

it('answers as the store in memory, whatever is claimed, finished and released', async () => {
  const nc = await (await open()).connect()
  await plan(nc, { bucket }).apply()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps: readonly Step[]) => {
      const [there, here] = [natsOnce(nc, { bucket }), memoryOnce()]
      await nc.request(`$JS.API.STREAM.PURGE.KV_${bucket}`, '', { timeout: 10_000 })
      for (const one of steps) expect(await answer(there, one)).toEqual(await answer(here, one))
    }),
    { numRuns: 150 },
  )
})

it('an effect happens once where a message is stored several times, in several sources at the same time', async () => {
  const nc = await (await open()).connect()
  await plan(nc, { bucket }).apply()
  await plan(nc, { queue: 'greetings' }).apply()
  const ids = Array.from({ length: 40 }, (_, n) => `id ${n % 10}`)
  for (const value of ids) await nc.request('greetings', JSON.stringify(value), { timeout: 10_000 })
  const effects: string[] = []
  const greet = once<string>(natsOnce(nc, { bucket }), { within: 60_000, id: ({ value }) => value }, (value) => void effects.push(value))
  const stop = withCancel(background)
  const worker = () => fromNats<string>(nc, { queue: 'greetings', prefetch: 4 }).pipe(workerPool(4, greet))
  await run(stop, merge(worker(), worker(), worker()).pipe(take(ids.length), settle())).join()
  expect(effects.sort()).toEqual([...new Set(ids)].sort())
})

it('two at the same moment: one has the claim', async () => {
  const nc = await (await open()).connect()
  await plan(nc, { bucket }).apply()
  const stores = Array.from({ length: 8 }, () => natsOnce(nc, { bucket }))
  const claims = stores.map((store, n) => store.claim('race', `owner ${n}`, { lease: 60_000, within: 60_000 }) as Op<OnceClaim>)
  const states = (await Promise.all(claims)).map(({ state }) => state)
  expect(states.sort()).toEqual([...Array.from({ length: 7 }, () => 'busy'), 'claimed'])
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
