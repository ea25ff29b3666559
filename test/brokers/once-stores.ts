/** What holds for every store of `once`: it answers as the store in memory, and an effect happens once for all processes. */
import fc from 'fast-check'
import { background, withCancel, type Op } from 'millrace'
import { memoryOnce, once, settle, type Delivery, type OnceClaim, type OnceStore } from 'millrace/broker'
import { run, workerPool } from 'millrace/operators'
import { merge, take, type Observable } from 'rxjs'
import { expect, it } from 'vitest'

/** A store at a server, and a queue there. */
export interface StorePlace {
  /** Each store that this makes has the same ids. */
  store(): OnceStore
  /** Forgets all ids. */
  clear(): Promise<unknown>
  /** Stores the messages in the queue of `source`. */
  publish(values: readonly string[]): Promise<void>
  source(): Observable<Delivery<string>>
}

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

export function holdsForStores(open: () => Promise<StorePlace>): void {
  it('answers as the store in memory, whatever is claimed, finished and released', async () => {
    const place = await open()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps: readonly Step[]) => {
        const [there, here] = [place.store(), memoryOnce()]
        await place.clear()
        for (const one of steps) expect(await answer(there, one)).toEqual(await answer(here, one))
      }),
      { numRuns: 150 },
    )
  })

  it('an effect happens once where a message is stored several times, in several sources at the same time', async () => {
    const place = await open()
    const ids = Array.from({ length: 40 }, (_, n) => `id ${n % 10}`)
    await place.publish(ids)
    const effects: string[] = []
    const greet = once<string>(place.store(), { within: 60_000, id: ({ value }) => value }, (value) => void effects.push(value))
    const stop = withCancel(background)
    const worker = () => place.source().pipe(workerPool(4, greet))
    await run(stop, merge(worker(), worker(), worker()).pipe(take(ids.length), settle())).join()
    expect(effects.sort()).toEqual([...new Set(ids)].sort())
  })

  it('two at the same moment: one has the claim', async () => {
    const place = await open()
    const stores = Array.from({ length: 8 }, () => place.store())
    const claims = stores.map((store, n) => store.claim('race', `owner ${n}`, { lease: 60_000, within: 60_000 }) as Op<OnceClaim>)
    const states = (await Promise.all(claims)).map(({ state }) => state)
    expect(states.sort()).toEqual([...Array.from({ length: 7 }, () => 'busy'), 'claimed'])
  })
}
