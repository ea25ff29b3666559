// Bodies may return an operation, a job or a promise; the result of their goroutine is the result of these.
import type { Option } from 'fp-ts/lib/Option.js'
import {
  all,
  any,
  chan,
  errgroup,
  go,
  hedge,
  mapConcurrent,
  once,
  onceFunc,
  onceValue,
  pool,
  race,
  scope,
  background,
  singleflight,
  syncMap,
  waitGroup,
  withRetry,
  workers,
  backoff,
  type Goroutine,
  type Job,
  type Receiver,
  type Routine,
} from 'millrace'
import { fromGoroutine, workerPool, byKey, fromReceiver } from 'millrace/operators'
import type { Observable } from 'rxjs'
import { expectTypeOf, it } from 'vitest'

const ch = chan<number>()
const job = mapConcurrent([1], 1, (n) => n)
declare const routine: Routine<number>
declare const thenable: PromiseLike<number>

it('go', () => {
  expectTypeOf(go(() => ch.receive())).toEqualTypeOf<Goroutine<Option<number>>>()
  expectTypeOf(go(() => job)).toEqualTypeOf<Goroutine<number[]>>()
  expectTypeOf(go(job)).toEqualTypeOf<Goroutine<number[]>>()
  expectTypeOf(go(() => thenable)).toEqualTypeOf<Goroutine<number>>()
  expectTypeOf(go(() => Promise.resolve(1))).toEqualTypeOf<Goroutine<number>>()
  expectTypeOf(go(async () => ch.receive())).toEqualTypeOf<Goroutine<Option<number>>>()
  expectTypeOf(go(() => routine)).toEqualTypeOf<Goroutine<number>>()
  expectTypeOf(go(() => 1)).toEqualTypeOf<Goroutine<number>>()
  expectTypeOf(go(() => {})).toEqualTypeOf<Goroutine<void>>()
  expectTypeOf(go(function* () { return yield* ch.receive() })).toEqualTypeOf<Goroutine<Option<number>>>() // prettier-ignore
  expectTypeOf(go(ch.send, 1)).toEqualTypeOf<Goroutine<void>>()
  expectTypeOf(go((n: number, s: string) => [n, s] as const, 1, 'x')).toEqualTypeOf<Goroutine<readonly [number, string]>>()
  expectTypeOf(go.named('n', () => ch.receive())).toEqualTypeOf<Goroutine<Option<number>>>()
})
it('pool', () => {
  const p = pool<Option<number>>({ size: 1 })
  p.go(() => ch.receive())
  p.go(async () => ch.receive())
  p.go(function* () {
    return yield* ch.receive()
  })
  // @ts-expect-error a pool has results of one type
  p.go(() => 1)
})
it('everything else that starts functions', () => {
  const g = errgroup()
  g.go(() => ch.receive())
  waitGroup().go(() => ch.receive())
  expectTypeOf(mapConcurrent([1], 1, () => ch.receive())).toEqualTypeOf<Job<Option<number>[]>>()
  expectTypeOf(mapConcurrent([1], 1, () => job)).toEqualTypeOf<Job<number[][]>>()
  expectTypeOf(mapConcurrent([1], 1, () => thenable)).toEqualTypeOf<Job<number[]>>()
  expectTypeOf(withRetry(backoff(), () => ch.receive())).toEqualTypeOf<Job<Option<number>>>()
  expectTypeOf(withRetry(backoff(), () => thenable)).toEqualTypeOf<Job<number>>()
  expectTypeOf(onceValue(() => ch.receive())).toEqualTypeOf<() => Job<Option<number>>>()
  expectTypeOf(onceValue(() => thenable)).toEqualTypeOf<() => Job<number>>()
  expectTypeOf(onceFunc(() => ch.receive())).toEqualTypeOf<() => Job<void>>()
  expectTypeOf(once().do(() => ch.receive())).toEqualTypeOf<Job<void>>()
  expectTypeOf(singleflight<string, number>().do('k', () => thenable)).toEqualTypeOf<Job<{ value: number; shared: boolean }>>()
  expectTypeOf(syncMap<string, Option<number>>().loadOrCompute('k', () => ch.receive())).toEqualTypeOf<Job<Option<number>>>()
  expectTypeOf(workers(1, ch, () => ch.receive())).toEqualTypeOf<Receiver<Option<number>>>()
  expectTypeOf(workers(1, ch, () => thenable)).toEqualTypeOf<Receiver<number>>()
  expectTypeOf(scope(background, (s) => s.go(() => ch.receive()).join())).toEqualTypeOf<Job<Option<number>>>()
  expectTypeOf(scope(background, () => thenable)).toEqualTypeOf<Job<number>>()
  expectTypeOf(all({ a: () => ch.receive(), b: async () => 'x', c: ch.receive(), d: job, e: () => thenable })).toEqualTypeOf<
    Job<{ a: Option<number>; b: string; c: Option<number>; d: number[]; e: number }>
  >()
  expectTypeOf(any([() => ch.receive(), () => thenable])).toEqualTypeOf<Job<Option<number> | number>>()
  expectTypeOf(race([() => ch.receive(), () => thenable])).toEqualTypeOf<Job<Option<number> | number>>()
  expectTypeOf(hedge(1, [() => ch.receive(), () => ch.receive()])).toEqualTypeOf<Job<Option<number>>>()
  expectTypeOf(fromReceiver(ch).pipe(workerPool(1, () => ch.receive()))).toEqualTypeOf<Observable<Option<number>>>()
  expectTypeOf(fromReceiver(ch).pipe(workerPool(1, () => job))).toEqualTypeOf<Observable<number[]>>()
  expectTypeOf(fromReceiver(ch).pipe(workerPool(1, () => thenable))).toEqualTypeOf<Observable<number>>()
  expectTypeOf(
    fromReceiver(ch).pipe(
      byKey(
        (n) => n,
        1,
        () => ch.receive(),
      ),
    ),
  ).toEqualTypeOf<Observable<Option<number>>>()
  expectTypeOf(fromGoroutine<number>((emit) => emit.send(1))).toEqualTypeOf<Observable<number>>()
  expectTypeOf(
    fromGoroutine<number>((emit) => {
      emit.trySend(1)
    }),
  ).toEqualTypeOf<Observable<number>>()
  expectTypeOf(
    fromGoroutine<number>(async (emit) => {
      await emit.send(1)
    }),
  ).toEqualTypeOf<Observable<number>>()
})
