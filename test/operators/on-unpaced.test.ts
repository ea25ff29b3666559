/** What is detected, what the warning says, and what gives no false alarm. */
import { background, chan } from 'millrace'
import {
  collect,
  fromIterable,
  fromReceiver,
  onUnpaced,
  strictDemand,
  UnpacedError,
  workerPool,
  type StageOptions,
  type Unpaced,
} from 'millrace/operators'
import {
  concatMap,
  delay,
  filter,
  ignoreElements,
  map,
  merge,
  mergeMap,
  Subject,
  takeUntil,
  takeWhile,
  toArray,
  type Observable,
} from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

let seen: Unpaced[]
let off: () => void
beforeEach(() => {
  seen = []
  off = onUnpaced((one) => seen.push(one))
})
afterEach(() => off())

const all = <T>(pipeline: Observable<T>): Promise<T[]> => Promise.resolve(collect(background, pipeline).join())
const pool = (options: StageOptions = {}) => workerPool(2, (item: unknown) => Promise.resolve(item), options)
const numbers = (n: number) => fromIterable(Array.from({ length: n }, (_, i) => i))

describe('a warning names the stage, what was seen and the cure', () => {
  it('a foreign source', async () => {
    const source = new Subject<number>()
    const end = all(source.pipe(pool({ name: 'enrich' })))
    await settle()
    for (const i of [1, 2, 3, 4]) source.next(i)
    source.complete()
    expect(await end).toEqual([1, 2, 3, 4])
    expect(seen).toEqual([
      {
        stage: 'enrich',
        seen: 'arrival while the demand is closed',
        message: expect.stringMatching(
          /^millrace: backpressure of stage "enrich" is ignored .*relay\(\).*retryWith.*queue\(n, policy\)/,
        ) as string,
      },
    ])
  })
  it('an operator that holds items back', async () => {
    await all(numbers(50).pipe(delay(1), pool()))
    expect(seen.map((one) => one.message)).toEqual([
      expect.stringMatching(/delay, observeOn.*Use workerPool, rateLimit or retryWith instead/),
    ])
  })
  it('an operator that collects', async () => {
    await all(numbers(20_000).pipe(toArray(), pool()))
    expect(seen.map((one) => one.message)).toEqual([expect.stringMatching(/zipBounded or batch.*sparse: true/)])
  })
})

describe('no false alarm', () => {
  it('a foreign source beside one of ours, whose items find the stage open', async () => {
    const ticks = new Subject<string>()
    const items = fromIterable(
      (async function* () {
        for (let i = 0; i < 20; i++) {
          yield i
          await settle()
          ticks.next('tick')
          await settle()
        }
        ticks.complete()
      })(),
    )
    expect(await all(merge(ticks, items).pipe(pool()))).toHaveLength(40)
    expect(seen).toEqual([])
  })
  it('a filter that lets one of a thousand pass', async () => {
    const some = numbers(50_000).pipe(filter((i) => i % 1000 === 0))
    expect(await all(some.pipe(pool()))).toHaveLength(50)
    expect(seen).toEqual([])
  })
  it('a filter that lets one of 20,000 pass, where the stage is told that few arrive', async () => {
    const few = numbers(50_000).pipe(filter((i) => i % 20_000 === 19_999))
    await all(few.pipe(pool({ sparse: true })))
    expect(seen).toEqual([])
    await all(few.pipe(pool()))
    expect(seen.map((one) => one.seen)).toEqual(['many items in a row were emitted above, and none arrived'])
  })
  it('a source of which nothing arrives: told after a hundred thousand, and not when that is said to be so', async () => {
    await all(numbers(99_999).pipe(ignoreElements(), pool()))
    await all(numbers(100_000).pipe(ignoreElements(), pool({ sparse: true })))
    expect(seen).toEqual([])
    await all(numbers(100_000).pipe(ignoreElements(), pool()))
    expect(seen).toHaveLength(1)
  })
  it('a takeUntil whose stop comes while the stage has room', async () => {
    const stop = chan<void>()
    const sources = merge(fromReceiver(chan<number>()), numbers(3))
    const end = all(sources.pipe(takeUntil(fromReceiver(stop)), filter(() => false), pool())) // prettier-ignore
    await settle()
    stop.trySend()
    expect(await end).toEqual([])
    expect(seen).toEqual([])
  })
  it('a source that has waited, and ends of itself with nothing to pass on', async () => {
    const [first, last, gate] = [chan<number>(), chan<number>(), chan<void>()]
    const sources = merge(fromReceiver(first), fromReceiver(last).pipe(takeWhile((i) => i > 0)))
    const end = all(sources.pipe(workerPool(1, () => gate.receive())))
    await settle()
    first.trySend(1)
    await settle()
    last.trySend(0) // the stage is full: it has to wait
    first.close() // and so does the end of the other, which is told first
    await settle()
    gate.close()
    expect(await end).toHaveLength(1)
    expect(seen).toEqual([])
  })
  it('pipelines of several sources of ours', async () => {
    const inner = numbers(4).pipe(concatMap((i) => numbers(10).pipe(map((j) => 10 * i + j))))
    const merged = merge(inner, numbers(5)).pipe(mergeMap((i) => numbers(2).pipe(map((j) => i + j))))
    expect(await all(merged.pipe(pool()))).toHaveLength(90)
    expect(seen).toEqual([])
  })
})

describe('as an error', () => {
  it("`overflow: 'error'` is for what is certain: missing items only warn", async () => {
    const strict = pool({ overflow: 'error' })
    await expect(all(numbers(50).pipe(delay(1), strict))).rejects.toBeInstanceOf(UnpacedError)
    expect(await all(numbers(20_000).pipe(toArray(), strict))).toHaveLength(1)
    expect(seen).toHaveLength(1)
  })
  it('under strictDemand each is', async () => {
    const lenient = strictDemand()
    await expect(all(numbers(20_000).pipe(toArray(), pool()))).rejects.toThrow(/none arrived/)
    await expect(all(numbers(100_000).pipe(ignoreElements(), pool()))).rejects.toThrow(/none arrived/)
    lenient()
  })
})
