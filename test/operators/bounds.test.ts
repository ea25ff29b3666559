/** bounds: the items a pipeline holds at most, stage by stage. */
import { background, chan, rateLimiter } from 'millrace'
import {
  batch,
  bounds,
  broadcast,
  byKey,
  fanOut,
  fromIterable,
  fromReceiver,
  graph,
  groupByKey,
  mergeFair,
  named,
  queue,
  rateLimit,
  relay,
  run,
  sendTo,
  until,
  withContext,
  workerPool,
  zipBounded,
} from 'millrace/operators'
import { concatMap, from, map, merge, NEVER, of, type Observable, mergeMap } from 'rxjs'
import { describe, expect, it } from 'vitest'

describe('bounds', () => {
  const jobs = chan<number>()
  it('adds up what each stage holds', () => {
    const pipeline = fromReceiver(jobs).pipe(
      map((n) => n + 1),
      rateLimit(rateLimiter(10, 1)),
      workerPool(5, (n) => n, { name: 'enrich' }),
      until(chan()),
      batch({ size: 10 }),
      queue(8, 'drop-oldest'),
      relay(),
      withContext(background),
      sendTo(chan<number[]>()),
    )
    expect(String(bounds(pipeline))).toBe(
      'holds at most 26 items: fromReceiver 1, rateLimit 1, enrich 5, until 0, batch 10, queue 8 (drop-oldest), relay 0, withContext 0, sendTo 1',
    )
  })
  it('counts the stages in branches', () => {
    const two = bounds(fromReceiver(jobs).pipe(fanOut(2, (b) => b.pipe(workerPool(3, (n) => n)))))
    expect(two.items).toBe(1 + 1 + 2 * 3)
    expect(bounds(fromIterable([1]).pipe(broadcast((b: Observable<number>) => b.pipe(queue(4))))).items).toBe(5)
  })
  it('names what it cannot know', () => {
    expect(String(bounds(merge(fromReceiver(jobs), NEVER).pipe(workerPool(1, (n) => n))))).toMatch(
      /^cannot be bounded: a foreign source, .*; known: workerPool 1$/,
    )
    expect(() => bounds(3 as never)).toThrow(/expected an Observable, got 3/)
  })
})

describe('bounds', () => {
  it('counts the sources of mergeFair and zipBounded, and names those it cannot know', () => {
    expect(String(bounds(mergeFair(fromReceiver(chan()), fromIterable([1]))))).toBe(
      'holds at most 3 items: fromReceiver 1, fromIterable 0, mergeFair 2',
    )
    expect(bounds(zipBounded(fromReceiver(chan()), from([1]))).items).toBe(Infinity)
  })
  it('counts no part that is only named', () => {
    expect(String(bounds(fromIterable([1]).pipe(workerPool(2, (n) => n), named('part'))))).toBe('holds at most 2 items: fromIterable 0, workerPool 2') // prettier-ignore
  })
})

it('a source straight under a run has inner sources below it, which a run shows', async () => {
  const pipeline = fromIterable([1, 2]).pipe(
    mergeMap((n) => fromIterable([n])),
    map((n) => n),
  )
  expect(bounds(pipeline).items).toBe(0)
  await run(background, pipeline).join()
  const unknown = 'fromIterable: the inner sources of operators below it cannot be seen before they run'
  expect(bounds(pipeline)).toMatchObject({ items: Infinity, unknown: [unknown] })
  expect(bounds(pipeline.pipe(queue(2))).unknown).toEqual([unknown])
})

describe('a run shows, and bounds names as unknown from then on', () => {
  it.each<[string, string, Observable<unknown>]>([
    ['workerPool 2', 'the observables that its workers return', fromIterable([1]).pipe(workerPool(2, (n) => of(n, n)))],
    ['byKey 34', 'the observables that its workers return', fromIterable([1]).pipe(byKey((n) => n, 2, (n) => fromIterable([n])))], // prettier-ignore
    [
      'batch 2',
      'the inner sources of operators above it',
      fromIterable([1, 2]).pipe(
        concatMap((n) => fromIterable([n])),
        batch({ size: 2 }),
      ),
    ],
    ['queue 2', 'the inner sources of operators above it', fromIterable([1, 2]).pipe(concatMap((n) => fromIterable([n])), queue(2))], // prettier-ignore
  ])('of %s, %s', async (stage, unseen, pipeline) => {
    const known = `fromIterable 0, ${stage}`
    expect(String(bounds(pipeline))).toMatch(new RegExp(`^holds at most \\d+ items: ${known}$`))
    await run(background, pipeline).join()
    expect(String(bounds(pipeline))).toBe(
      `cannot be bounded: ${stage.split(' ')[0]}: ${unseen} cannot be seen before they run; known: ${known}`,
    )
    expect(graph(pipeline).nodes[1].unseen).toBe(unseen)
  })
})

it('the groups of groupByKey are named as unknown', () => {
  const pipeline = fromIterable([1]).pipe(groupByKey((n) => n % 50, (group) => group.pipe(workerPool(5, (n) => n)))) // prettier-ignore
  expect(String(bounds(pipeline))).toBe(
    'cannot be bounded: groupByKey: the pipelines of its groups cannot be seen before they run; known: fromIterable 0, groupByKey 1',
  )
})
