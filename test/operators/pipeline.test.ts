// pipeline: source.pipe with types for twenty stages.
import { background, chan } from 'millrace'
import { batch, bounds, collect, fromIterable, fromReceiver, graph, pipeline, workerPool } from 'millrace/operators'
import { filter, map, of, take, type OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'

const plusOne: OperatorFunction<number, number> = map((n) => n + 1)
const stages = [
  workerPool(2, async (n: number) => n * 10, { ordered: true }),
  filter((n: number) => n > 10),
  batch<number>({ size: 2, within: 10 }),
] as const

describe('pipeline', () => {
  it('has the items, the bound and the graph of source.pipe', async () => {
    const piped = fromIterable([1, 2, 3]).pipe(...stages)
    const made = pipeline(fromIterable([1, 2, 3]), ...stages)
    expect(await collect(background, made).join()).toEqual([[20, 30]])
    expect(await collect(background, made).join()).toEqual(await collect(background, piped).join())
    expect(String(bounds(made))).toBe(String(bounds(piped)))
    expect(JSON.stringify(graph(made))).toBe(JSON.stringify(graph(piped)))
  })

  it.each([0, 1, 9, 10, 20, 30])('passes items through %i stages', async (n) => {
    const many: readonly OperatorFunction<number, number>[] = Array.from({ length: n }, () => plusOne)
    const made = (pipeline as (...parts: readonly unknown[]) => ReturnType<typeof plusOne>)(fromIterable([0, 1]), ...many)
    expect(await collect(background, made).join()).toEqual([n, n + 1])
  })

  it('ends with its subscriber, and takes no item before the subscription', async () => {
    const ch = chan<number>(3)
    for (const n of [1, 2, 3]) ch.trySend(n)
    const made = pipeline(fromReceiver(ch), plusOne, take(1))
    expect(ch.size).toBe(3)
    expect(await collect(background, made).join()).toEqual([2])
  })

  it('refuses a source that is no Observable and a stage that is no function', () => {
    expect(() => pipeline([1] as never)).toThrow(/pipeline\(source, …stages\): source: expected an Observable, got an array of 1/)
    expect(() => pipeline(of(1), plusOne, undefined as never)).toThrow(/stage 2: expected a function, got undefined/)
  })
})
