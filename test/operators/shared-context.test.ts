/** A shared pipeline does not end with the context of its first subscriber, and ends with its last. */
import { background, chan, contextKey, sleep, withCancel, withValue, type CancelContext, type Context, type Goroutine } from 'millrace'
import {
  batch,
  byKey,
  collect,
  fromGoroutine,
  fromIterable,
  fromOp,
  named,
  queue,
  relay,
  run,
  sendTo,
  withContext,
  workerPool,
} from 'millrace/operators'
import { bubble } from 'millrace/testing'
import {
  concat,
  connectable,
  map,
  NEVER,
  Observable,
  ReplaySubject,
  share,
  shareReplay,
  Subject,
  type MonoTypeOperatorFunction,
} from 'rxjs'
import { describe, expect, it } from 'vitest'

/** Each waits 10 ms for an item, and gives up when its context ends. */
const patient: Record<string, () => Observable<number>> = {
  workerPool: () =>
    fromIterable([1, 2, 3, 4]).pipe(
      workerPool(2, (n, ctx) =>
        sleep(10)
          .within(ctx)
          .map(() => n),
      ),
    ),
  'workerPool, and operators below': () =>
    fromIterable([1, 2, 3, 4]).pipe(
      workerPool(2, (n, ctx) =>
        sleep(10)
          .within(ctx)
          .map(() => n),
      ),
      named('part'),
      map((n) => n),
      queue(1),
      relay(),
    ),
  byKey: () =>
    fromIterable([1, 2, 3, 4]).pipe(
      byKey(
        (n) => n % 2,
        2,
        (n, ctx) =>
          sleep(10)
            .within(ctx)
            .map(() => n),
      ),
    ),
  'a stage above another': () =>
    fromIterable([1, 2, 3, 4]).pipe(
      workerPool(1, (n, ctx) =>
        sleep(10)
          .within(ctx)
          .map(() => n),
      ),
      batch({ size: 1 }),
      workerPool(1, ([n], ctx) =>
        sleep(10)
          .within(ctx)
          .map(() => n),
      ),
    ),
  fromGoroutine: () =>
    fromGoroutine<number>(function* (emit, ctx) {
      for (let n = 1; n <= 4; n++) {
        yield* sleep(10).within(ctx)
        yield* emit.send(n)
      }
    }),
  fromOp: () =>
    concat(
      ...[1, 2, 3, 4].map((n) =>
        fromOp((ctx) =>
          sleep(10)
            .within(ctx)
            .map(() => n),
        ),
      ),
    ),
}

const sharing: Record<string, MonoTypeOperatorFunction<number>> = {
  share: share(),
  'shareReplay with a count': shareReplay({ refCount: true, bufferSize: 9 }),
  shareReplay: shareReplay(9),
  'share with a connector': share({ connector: () => new ReplaySubject(9) }),
}

async function ended(running: Goroutine<void>): Promise<void> {
  await running.join().attempt()
}

const ends: Record<string, (pipeline: Observable<number>, ctx: CancelContext) => { cancel(): void }> = {
  'the context of its run ends': (pipeline, ctx) => {
    void ended(run(ctx, pipeline))
    return ctx
  },
  'the context above it ends': (pipeline, ctx) => {
    pipeline.pipe(withContext(ctx)).subscribe({ error() {} })
    return ctx
  },
  'its run is canceled': (pipeline, ctx) => {
    const running = run(ctx, pipeline)
    void ended(running)
    return running
  },
  'it unsubscribes': (pipeline) => {
    const subscription = pipeline.subscribe()
    return { cancel: () => subscription.unsubscribe() }
  },
}

for (const [how, begin] of Object.entries(ends))
  describe(`the first subscriber leaves: ${how}`, () => {
    for (const [name, operator] of Object.entries(sharing))
      it.each(Object.keys(patient))(`the second receives every item: ${name} above %s`, (source) =>
        bubble(function* () {
          const shared = patient[source]().pipe(operator)
          const first = begin(shared, withCancel(background))
          const second = collect(background, shared.pipe(workerPool(1, (n) => n)))
          yield* sleep(15)
          first.cancel()
          yield* sleep(1000)
          expect((yield* second.join()).sort()).toEqual([1, 2, 3, 4])
        }),
      )
  })

describe('the last subscriber leaves', () => {
  function* watched(share: MonoTypeOperatorFunction<number>): Generator<never, Context[]> {
    const seen: Context[] = []
    const shared = fromIterable([1]).pipe(
      workerPool(1, (_, ctx) => {
        seen.push(ctx)
        return NEVER
      }),
      share,
    )
    const first = withCancel(background)
    const second = withCancel(background)
    const runs = [run(first, shared), run(second, shared)]
    yield* sleep(1)
    first.cancel()
    yield* runs[0].join().attempt()
    expect(seen[0].err()._tag).toBe('None')
    second.cancel()
    yield* runs[1].join().attempt()
    return seen
  }

  it('and the contexts of its workers end', () =>
    bubble(function* () {
      const [ctx] = yield* watched(share())
      expect(ctx.err()._tag).toBe('Some')
    }))

  it('and a channel that a shared part fills is closed', () =>
    bubble(function* () {
      const sink = chan<number>(9)
      const shared = concat(fromIterable([1]), NEVER).pipe(sendTo(sink, { close: true }), share())
      const ctx = withCancel(background)
      const running = run(ctx, shared)
      yield* sleep(1)
      ctx.cancel(new Error('over'))
      yield* running.join().attempt()
      expect(sink.isClosed).toBe(true)
    }))
})

it('the contexts of a pipeline that is not shared end at once, also behind operators of RxJS', () =>
  bubble(function* () {
    const seen: Context[] = []
    const watch = workerPool(1, (n: number, ctx) => {
      seen.push(ctx)
      return concat(fromIterable([n]), NEVER)
    })
    const ctx = withCancel(background)
    const pipeline = concat(fromIterable([1]), NEVER).pipe(
      watch,
      map((n) => n),
      named('part'),
      watch,
      relay(),
      watch,
    )
    const running = run(ctx, pipeline)
    yield* sleep(1)
    ctx.cancel()
    expect(seen.map((each) => each.err()._tag)).toEqual(['Some', 'Some', 'Some'])
    yield* running.join().attempt()
  }))

it('a shared part has the values of the context of its first subscriber', () =>
  bubble(function* () {
    const key = contextKey<string>('user')
    const shared = fromIterable([1]).pipe(
      workerPool(1, (_, ctx) => ctx.value(key)),
      share(),
    )
    expect(yield* collect(withValue(background, key, 'ann'), shared).join()).toMatchObject([{ value: 'ann' }])
  }))

it('an operator written by hand counts as a boundary: the contexts above it end when it is unsubscribed from', () =>
  bubble(function* () {
    const seen: Context[] = []
    const above = fromIterable([1]).pipe(
      workerPool(1, (_, ctx) => {
        seen.push(ctx)
        return NEVER
      }),
    )
    const byHand = new Observable<number>((subscriber) => above.subscribe({ next: (n) => subscriber.next(n) }))
    const ctx = withCancel(background)
    const running = run(ctx, byHand)
    yield* sleep(1)
    ctx.cancel()
    yield* running.join().attempt()
    expect(seen[0].err()._tag).toBe('Some')
  }))

it('a connectable pipeline belongs to no subscriber', () =>
  bubble(function* () {
    const shared = connectable(patient['workerPool'](), { connector: () => new Subject() })
    const ctx = withCancel(background)
    const first = run(ctx, shared)
    const second = collect(background, shared)
    yield* sleep(1)
    shared.connect()
    yield* sleep(15)
    ctx.cancel()
    yield* first.join().attempt()
    expect(yield* second.join()).toEqual([1, 2, 3, 4])
  }))
