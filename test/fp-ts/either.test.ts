import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { background, chan, withCancel } from 'millrace'
import { mapE, mapLeftE, partitionE } from 'millrace/fp-ts'
import { collect, fromIterable, run, sendTo, strictDemand } from 'millrace/operators'
import { tap, type Observable } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

let off = () => {}
beforeAll(() => void (off = strictDemand()))
afterAll(() => off())

const all = <T>(pipeline: Observable<T>) => collect(background, pipeline).join()
const numbers = (n: number) => Array.from({ length: n }, (_, i) => i)

describe('Either in a pipeline', () => {
  const input = () => fromIterable([E.right(4), E.left('came so' as const), E.right(3)])

  it('mapE maps the Rights, mapLeftE the Lefts', async () => {
    const mapped = pipe(
      input(),
      mapE(String),
      mapLeftE((e) => e.length),
    )
    expect(await all(mapped)).toEqual([E.right('4'), E.left(7), E.right('3')])
  })

  it('mapE ends with what its function throws', async () => {
    const broken = mapE((_: number): never => {
      throw new Error('broken')
    })
    await expect(all(pipe(input(), broken))).rejects.toThrow('broken')
  })

  it('partitionE sends Lefts and Rights through their own pipelines, with one subscription', async () => {
    const lefts = chan<string>(9)
    const rights = chan<number>(9)
    let subscribed = 0
    const source = input().pipe(tap({ subscribe: () => subscribed++ }))
    await run(background, pipe(source, partitionE(sendTo(lefts, { close: true }), sendTo(rights, { close: true })))).join()
    expect(subscribed).toBe(1)
    expect([lefts.size, rights.size, lefts.isClosed, rights.isClosed]).toEqual([1, 2, true, true])
    expect(
      await all(
        pipe(
          input(),
          partitionE(
            (e$) => e$,
            (n$) => n$,
          ),
        ),
      ),
    ).toEqual([4, 'came so', 3])
  })

  it('partitionE is as slow as the slower of its two pipelines', async () => {
    const lefts = chan<string>()
    let read = 0
    const source = fromIterable(numbers(20).map((n) => (n < 10 ? E.right(n) : E.left('late')))).pipe(tap(() => read++))
    const ctx = withCancel(background)
    const end = run(
      ctx,
      pipe(
        source,
        partitionE(sendTo(lefts), (n$) => n$),
      ),
    )
      .join()
      .attempt()
      .then()
    await settle()
    expect(read).toBeGreaterThanOrEqual(11)
    expect(read).toBeLessThan(15)
    ctx.cancel()
    await end
  })
})
