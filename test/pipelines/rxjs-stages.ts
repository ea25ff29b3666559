/** The operators of RxJS in a plan. */
import { sleep } from 'millrace'
import { fromIterable, fromOp } from 'millrace/operators'
import * as rx from 'rxjs'
import type { Observable, OperatorFunction } from 'rxjs'

type Operator = OperatorFunction<number, number>

export const twice = (item: number): Observable<number> => fromIterable([item, item])
export const flat = rx.concatMap((items: readonly number[]) => fromIterable(items))
const isEven = (n: number): boolean => n % 2 === 0
const sum = (a: number, b: number): number => a + b
const slowly = (n: number): Observable<number> => fromOp(() => sleep(1).map(() => n))

/** A stage of several operators. */
const part = (build: (source: Observable<number>) => Observable<number>): (() => Operator) => () => build // prettier-ignore

export const rxjsStages = (grown: (n: number) => number[]) =>
  ({
    map: () => rx.map((n) => n + 1),
    tap: () => rx.tap(),
    scan: () => rx.scan(sum, 0),
    mergeScan: () => rx.mergeScan((all, n) => rx.of(all + n), 0, 1),
    skip: () => rx.skip(1),
    skipWhile: () => rx.skipWhile((n) => n < 2),
    skipLast: () => rx.skipLast(1),
    skipUntil: () => rx.skipUntil(rx.of(0)),
    take: () => rx.take(5),
    takeWhile: () => rx.takeWhile((n) => n < 9),
    takeLast: () => rx.takeLast(2),
    takeUntil: () => rx.takeUntil(rx.NEVER),
    filter: () => rx.filter(isEven),
    distinct: () => rx.distinct(),
    distinctUntilChanged: () => rx.distinctUntilChanged(),
    pairwise: part((source) =>
      source.pipe(
        rx.pairwise(),
        rx.map(([a, b]) => b - a),
      ),
    ),
    startWith: () => rx.startWith(-1),
    endWith: () => rx.endWith(-2),
    defaultIfEmpty: () => rx.defaultIfEmpty(-3),
    ignoreElements: () => rx.ignoreElements(),
    share: () => rx.share(),
    'share, replay': () => rx.share({ connector: () => new rx.ReplaySubject<number>(1) }),
    defer: part((source) => rx.defer(() => source)),
    iif: part((source) => rx.iif(() => true, source, rx.EMPTY)),
    finalize: () => rx.finalize(() => {}),
    catchError: () => rx.catchError((cause: unknown) => rx.throwError(() => cause)),
    retry: () => rx.retry(1),
    repeat: () => rx.repeat(2),
    race: () => rx.raceWith(rx.NEVER),
    materialize: part((source) => source.pipe(rx.materialize(), rx.dematerialize())),
    concatMap: () => rx.concatMap(twice),
    mergeMap: () => rx.mergeMap(twice),
    'mergeMap 2': () => rx.mergeMap(twice, 2),
    'filter, mergeMap': part((source) => source.pipe(rx.filter(isEven), rx.mergeMap(slowly))),
    switchMap: () => rx.switchMap((n) => rx.of(n)),
    exhaustMap: () => rx.exhaustMap((n) => rx.of(n)),
    expand: () => rx.expand((n) => rx.from(grown(n))),
    bufferCount: part((source) => source.pipe(rx.bufferCount(3), flat)),
    windowCount: part((source) => source.pipe(rx.windowCount(3), rx.concatAll())),
    'groupBy, mergeMap': part((source) => source.pipe(rx.groupBy((n) => n % 3), rx.mergeMap((group) => group))), // prettier-ignore
    toArray: part((source) => source.pipe(rx.toArray(), flat)),
    reduce: () => rx.reduce(sum, 0),
    count: () => rx.count(),
    isEmpty: part((source) =>
      source.pipe(
        rx.isEmpty(),
        rx.map((is: boolean) => Number(is)),
      ),
    ),
    zipWith: part((source) =>
      source.pipe(
        rx.zipWith(rx.range(0, 6)),
        rx.map(([n]) => n),
      ),
    ),
    combineLatestWith: part((source) => rx.of(0).pipe(rx.combineLatestWith(source), rx.map(([, n]) => n))), // prettier-ignore
    withLatestFrom: part((source) => source.pipe(rx.withLatestFrom(rx.of(0)), rx.map(([n]) => n))), // prettier-ignore
    timestamp: part((source) =>
      source.pipe(
        rx.timestamp(),
        rx.map(({ value }) => value),
      ),
    ),
    debounceTime: () => rx.debounceTime(2),
    throttleTime: () => rx.throttleTime(2),
    auditTime: () => rx.auditTime(2),
    sampleTime: () => rx.sampleTime(2),
    delay: () => rx.delay(2),
    delayWhen: () => rx.delayWhen((n) => rx.timer(Math.abs(n) % 3)),
    bufferTime: part((source) => source.pipe(rx.bufferTime(3), flat)),
    windowTime: part((source) => source.pipe(rx.windowTime(3), rx.concatAll())),
    'buffer, notifier': part((source) => source.pipe(rx.buffer(rx.interval(2)), flat)),
    'observeOn, asap': () => rx.observeOn(rx.asapScheduler),
    'observeOn, async': () => rx.observeOn(rx.asyncScheduler),
    subscribeOn: () => rx.subscribeOn(rx.asapScheduler),
    'retry, delay': () => rx.retry({ count: 1, delay: 2 }),
    'repeat, delay': () => rx.repeat({ count: 2, delay: 2 }),
    timeout: () => rx.timeout({ each: 100_000 }),
    mergeAll: part((source) => source.pipe(rx.map(twice), rx.mergeAll(2))),
    concatAll: part((source) => source.pipe(rx.map(twice), rx.concatAll())),
    switchAll: part((source) => source.pipe(rx.map((n) => rx.of(n)), rx.switchAll())), // prettier-ignore
    exhaustAll: part((source) => source.pipe(rx.map((n) => rx.of(n)), rx.exhaustAll())), // prettier-ignore
    'switchMap, slow': () => rx.switchMap(slowly),
    'exhaustMap, slow': () => rx.exhaustMap(slowly),
    switchScan: () => rx.switchScan((all, n) => rx.of(all + n), 0),
    concatWith: () => rx.concatWith(rx.of(-5)),
    mergeWith: () => rx.mergeWith(rx.of(-6)),
    connect: () => rx.connect((shared) => shared),
    shareReplay: () => rx.shareReplay({ bufferSize: 1, refCount: true }),
    using: part((source) => rx.using(() => undefined, () => source)), // prettier-ignore
    timeInterval: part((source) => source.pipe(rx.timeInterval(), rx.map(({ value }) => value))), // prettier-ignore
    'groupBy, duration': part((source) => source.pipe(rx.groupBy((n) => n % 3, { duration: () => rx.timer(2) }), rx.mergeMap((group) => group))), // prettier-ignore
  }) satisfies Readonly<Record<string, () => Operator>>
