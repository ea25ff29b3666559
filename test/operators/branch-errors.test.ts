/** Errors in stages with branches: an error of the source overtakes no item, and reaches each branch once. */
import { background, chan, range, sleep, go } from 'millrace'
import {
  batch,
  broadcast,
  fanOut,
  fromIterable,
  fromOp,
  groupByKey,
  queue,
  retryWith,
  run,
  sendTo,
  until,
  workerPool,
} from 'millrace/operators'
import { bubble } from 'millrace/testing'
import {
  catchError,
  concat,
  EMPTY,
  materialize,
  mergeWith,
  NEVER,
  retry,
  take,
  tap,
  throwError,
  type Observable,
  type OperatorFunction,
} from 'rxjs'
import { describe, expect, it } from 'vitest'

type Build = (branch: Observable<number>) => Observable<unknown>

/** Two branches each; item n of groupByKey goes to the group of its parity. */
const stages: Record<string, (build: Build) => OperatorFunction<number, unknown>> = {
  fanOut: (build) => fanOut(2, build),
  broadcast: (build) => broadcast(build, build),
  groupByKey: (build) => groupByKey((n: number) => n % 2, build),
}
/** The results of six items. */
const total: Record<string, number> = { fanOut: 6, broadcast: 12, groupByKey: 6 }

const boom = new Error('boom')
const failing = (items: readonly number[]) =>
  concat(
    fromIterable(items),
    throwError(() => boom),
  )
const six = [1, 2, 3, 4, 5, 6]

function* ended(
  pipeline: Observable<unknown>,
  seen: unknown[] = [],
): Generator<never, { readonly seen: unknown[]; readonly error: unknown }> {
  const end = yield* run(background, pipeline.pipe(tap((item) => void seen.push(item))))
    .join()
    .attempt()
  return { seen, error: end._tag === 'Left' ? end.left : 'completed' }
}

describe.each(Object.keys(stages))('%s', (name) => {
  const stage = stages[name]

  it('passes every item that a branch has accepted before an error of the source', () =>
    bubble(function* () {
      const slow: Build = (branch) => branch.pipe(queue(9), batch({ size: 1 }), queue(9))
      const slowBelow = workerPool(1, (item: unknown) => sleep(10).map(() => item))
      const { seen, error } = yield* ended(failing(six).pipe(stage(slow), slowBelow))
      expect(error).toBe(boom)
      expect(seen.length).toBeLessThanOrEqual(total[name])
    }))

  it('passes them where the branches send them on', () =>
    bubble(function* () {
      const sent: number[] = []
      const sink = chan<number>()
      go(function* () {
        for (const it = range(sink); yield* it.next();) {
          yield* sleep(10)
          sent.push(it.value)
        }
      })
      const { error } = yield* ended(failing(six).pipe(stage((branch) => branch.pipe(queue(3), sendTo(sink)))))
      yield* sleep(20)
      sink.close()
      expect(error).toBe(boom)
      expect(sent).toHaveLength(total[name])
    }))

  it('gives each branch the error once, after its items', () =>
    bubble(function* () {
      const ends: string[] = []
      const watch: Build = (branch) =>
        branch.pipe(
          materialize(),
          tap(({ kind }) => void ends.push(kind)),
        )
      const { error } = yield* ended(failing([1, 2]).pipe(stage(watch)))
      expect(error).toBe(boom)
      expect(ends.filter((kind) => kind === 'E')).toHaveLength(2)
      expect(ends.filter((kind) => kind === 'C')).toHaveLength(0)
    }))

  it.each<[string, Build]>([
    ['catchError', (branch) => branch.pipe(catchError(() => EMPTY))],
    ['retry', (branch) => branch.pipe(retry())],
    ['retryWith', (branch) => branch.pipe(retryWith(() => 0))],
    ['retryWith after a pause', (branch) => branch.pipe(retryWith(() => 10))],
  ])('fails with the error of the source although a branch goes on: %s', (_, build) =>
    bubble(function* () {
      expect((yield* ended(failing([1, 2]).pipe(stage(build)))).error).toBe(boom)
    }),
  )

  it('waits with the error for a branch that has left its items and runs on', () =>
    bubble(function* () {
      const runsOn: Build = (branch) => branch.pipe(take(1), mergeWith(fromOp(() => sleep(50))))
      const { seen, error } = yield* ended(failing([1, 2]).pipe(stage(runsOn)))
      expect(error).toBe(boom)
      expect(seen).toHaveLength(4)
    }))

  it('fails at once with an error of a branch', () =>
    bubble(function* () {
      const other = new Error('of a branch')
      const fails: Build = (branch) => branch.pipe(workerPool(1, () => Promise.reject(other)))
      expect((yield* ended(concat(fromIterable([1]), NEVER).pipe(stage(fails)))).error).toBe(other)
    }))

  it('ends its work for an error of the source, as a pool does', () =>
    bubble(function* () {
      const stuck: Build = (branch) => branch.pipe(workerPool(3, () => NEVER))
      expect((yield* ended(failing([1, 2]).pipe(stage(stuck)))).error).toBe(boom)
    }))

  it('holds the error behind a branch that never ends, and not behind a branch that ends by itself', () =>
    bubble(function* () {
      const runsOn: Build = (branch) => branch.pipe(catchError(() => NEVER))
      expect((yield* ended(failing([1, 2]).pipe(stage(runsOn), until(sleep(100))))).error).toBe('completed')
      const ends: Build = (branch) => branch.pipe(catchError(() => EMPTY))
      expect((yield* ended(failing([1, 2]).pipe(stage(ends)))).error).toBe(boom)
    }))

  it('is unsubscribed from while it holds the error', () =>
    bubble(function* () {
      const runsOn: Build = (branch) => branch.pipe(take(1), mergeWith(NEVER))
      const { error } = yield* ended(failing([1, 2]).pipe(stage(runsOn), until(sleep(100))))
      expect(error).toBe('completed')
    }))
})
