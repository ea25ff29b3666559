/**
 * The naive model of the stages that hold the latest item: a list of arrivals, a consumer that is busy for a while with
 * each item, and the times at which items leave. Times have fractions of their own, so that no two events meet.
 */
import { background, go, sleep } from 'millrace'
import { run, workerPool } from 'millrace/operators'
import { bubble, marbles } from 'millrace/testing'
import fc from 'fast-check'
import { Observable, type OperatorFunction } from 'rxjs'
import { expect } from 'vitest'

/** An item that is held, and the time from which it may leave. */
export interface Held {
  readonly value: number
  readonly dueAt: number
}

/** What the stage makes of an arrival: the item to hold. */
export interface Model {
  arrive(at: number, value: number, held: Held | null): Held | null
  /** The item left at this time. */
  left?(at: number): void
  /** The source has ended: the item that leaves before the end. */
  ended(at: number, held: Held): Held | null
}

export interface Trace {
  /** ms between an arrival and the one before. */
  readonly gaps: readonly number[]
  /** ms of work for an item. */
  readonly busy: number
}

type Left = readonly [at: number, value: number]

/** The times at which items begin their work. */
function modelled(model: Model, { gaps, busy }: Trace): Left[] {
  const left: Left[] = []
  let held: Held | null = null
  let free = 0
  const leaveUntil = (until: number): void => {
    if (held === null || Math.max(held.dueAt, free) > until) return
    const at = Math.max(held.dueAt, free)
    left.push([at, held.value])
    free = at + busy
    held = null
    model.left?.(at)
  }
  let at = 0
  for (const [value, gap] of gaps.entries()) {
    at += gap
    leaveUntil(at)
    held = model.arrive(at, value, held)
    leaveUntil(at)
  }
  leaveUntil(at + 1)
  if (held !== null) held = model.ended(at + 1, held)
  leaveUntil(Infinity)
  return left
}

const foreign = (gaps: readonly number[]): Observable<number> =>
  new Observable((subscriber) => {
    const emitting = go(function* emit() {
      for (const [value, gap] of gaps.entries()) {
        yield* sleep(gap)
        subscriber.next(value)
      }
      yield* sleep(1)
      subscriber.complete()
    })
    return () => emitting.cancel()
  })

async function measured(stage: OperatorFunction<number, number>, { gaps, busy }: Trace): Promise<Left[]> {
  const left: Left[] = []
  await bubble(function* ({ now }) {
    function* work(value: number) {
      left.push([now(), value])
      yield* sleep(busy)
    }
    yield* run(background, foreign(gaps).pipe(stage, workerPool(1, work))).join()
  })
  return left
}

const traces: fc.Arbitrary<Trace> = fc.record({
  gaps: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 14 }),
  busy: fc.constantFrom(0.0001, 1.0001, 5.0001, 17.0001),
})

const rounded = (left: readonly Left[]): string[] => left.map(([at, value]) => `${value} at ${at.toFixed(2)}`)

/** The stage does as its model, over random arrivals and consumers of different speed. */
export async function doesAs(make: () => readonly [OperatorFunction<number, number>, Model], runs = 300): Promise<void> {
  const property = fc.asyncProperty(traces, async (trace) => {
    const [stage, model] = make()
    expect(rounded(await measured(stage, trace))).toEqual(rounded(modelled(model, trace)))
  })
  await fc.assert(property, { numRuns: runs, seed: 1 })
}

/** The stage does as RxJS's operator, where the consumer is fast. */
export async function doesAsRxjs(
  stage: () => OperatorFunction<number, number>,
  theirs: () => OperatorFunction<number, number>,
): Promise<void> {
  const property = fc.asyncProperty(traces, async ({ gaps }) => {
    expect(rounded(await observed(foreign(gaps).pipe(stage())))).toEqual(rounded(await observed(foreign(gaps).pipe(theirs()))))
  })
  await fc.assert(property, { numRuns: 200, seed: 1 })
}

/** The events of the observable, its completion included, with RxJS's schedulers on the clock of a bubble. */
async function observed(source: Observable<number>): Promise<Left[]> {
  const left: Left[] = []
  await marbles(function* ({ now }) {
    source.subscribe({ next: (value) => left.push([now(), value]), complete: () => left.push([now(), -1]) })
    yield* sleep(1000)
  })
  return left
}
