/**
 * Every operator of RxJS, and its functions that combine sources, as pipelines over timed sources. Times of sources,
 * inner sources and operators differ in their fractions, so no two events fall into one moment. The fractions are exact in binary.
 */
import * as rx from 'rxjs'
import type { Observable } from 'rxjs'

/** An item and its time in ms after the subscription. */
export type Item = readonly [at: number, value: number]
export interface Input {
  readonly items: readonly Item[]
  /** The time of the end; Infinity for none. */
  readonly end: number
  readonly fails?: boolean
}
/** A source of such an input: RxJS's own, or Millrace's. */
export type Make = (input: Input) => Observable<number>
type Build = (source: Observable<number>, make: Make) => Observable<unknown>

const other: Input = { items: [[5.0625, 10], [9.0625, 11], [22.0625, 12], [26.0625, 13]], end: 35.0625 } // prettier-ignore
const inner = (n: number): Input => ({ items: [[2.25, 100 * n], [6.25, 100 * n + 1]], end: 8.25 }) // prettier-ignore
const beat = (every: number): Input => ({ items: [1, 2, 3, 4, 5, 6, 7, 8].map((i) => [i * every, i]), end: 9 * every })
const soon = (at: number): Input => ({ items: [[at, 0]], end: at + 0.3125 })

const isOdd = (n: number): boolean => n % 2 === 1
const sum = (a: number, b: number): number => a + b
const marked = rx.mergeMap((part: Observable<number>, i: number) => part.pipe(rx.map((n) => [i, n]), rx.endWith([i, 'end']))) // prettier-ignore
const innersOf = (source: Observable<number>, make: Make): Observable<Observable<number>> => source.pipe(rx.map((n) => make(inner(n))))

export const operators: Readonly<Record<string, Build>> = {
  audit: (s, make) => s.pipe(rx.audit(() => make(soon(5.625)))),
  auditTime: (s) => s.pipe(rx.auditTime(5.625)),
  buffer: (s, make) => s.pipe(rx.buffer(make(beat(6.375)))),
  bufferCount: (s) => s.pipe(rx.bufferCount(2, 1)),
  bufferTime: (s) => s.pipe(rx.bufferTime(9.375), rx.take(6)),
  bufferToggle: (s, make) => s.pipe(rx.bufferToggle(make(other), () => make(soon(6.625)))),
  bufferWhen: (s, make) => s.pipe(rx.bufferWhen(() => make(soon(8.375)))),
  catchError: (s, make) => s.pipe(rx.catchError(() => make(other))),
  combineAll: (s, make) => innersOf(s, make).pipe(rx.combineLatestAll()),
  combineLatestAll: (s, make) => innersOf(s, make).pipe(rx.combineLatestAll()),
  combineLatest: (s, make) => rx.combineLatest([s, make(other)]),
  combineLatestWith: (s, make) => s.pipe(rx.combineLatestWith(make(other))),
  concat: (s, make) => rx.concat(s, make(other)),
  concatAll: (s, make) => innersOf(s, make).pipe(rx.concatAll()),
  concatMap: (s, make) => s.pipe(rx.concatMap((n) => make(inner(n)))),
  concatMapTo: (s, make) => s.pipe(rx.concatMapTo(make(inner(7)))),
  concatWith: (s, make) => s.pipe(rx.concatWith(make(other))),
  connect: (s) => s.pipe(rx.connect((shared) => rx.merge(shared, shared.pipe(rx.map((n) => -n))))),
  count: (s) => s.pipe(rx.count(isOdd)),
  debounce: (s, make) => s.pipe(rx.debounce(() => make(soon(5.625)))),
  debounceTime: (s) => s.pipe(rx.debounceTime(5.625)),
  defaultIfEmpty: (s) => s.pipe(rx.defaultIfEmpty(-1)),
  delay: (s) => s.pipe(rx.delay(5.625)),
  delayWhen: (s, make) => s.pipe(rx.delayWhen((n) => make(soon(20.625 - 3 * n)))),
  dematerialize: (s) => s.pipe(rx.materialize(), rx.dematerialize()),
  distinct: (s) => s.pipe(rx.distinct()),
  distinctUntilChanged: (s) => s.pipe(rx.distinctUntilChanged((a, b) => isOdd(a) === isOdd(b))),
  distinctUntilKeyChanged: (s) => s.pipe(rx.map((n) => ({ n: n % 3 })), rx.distinctUntilKeyChanged('n')), // prettier-ignore
  elementAt: (s) => s.pipe(rx.elementAt(2)),
  endWith: (s) => s.pipe(rx.endWith(-1, -2)),
  every: (s) => s.pipe(rx.every((n) => n < 3)),
  exhaust: (s, make) => innersOf(s, make).pipe(rx.exhaustAll()),
  exhaustAll: (s, make) => innersOf(s, make).pipe(rx.exhaustAll()),
  exhaustMap: (s, make) => s.pipe(rx.exhaustMap((n) => make(inner(n)))),
  expand: (s, make) => s.pipe(rx.expand((n) => (n < 100 ? make(inner(n + 1)) : rx.EMPTY))),
  filter: (s) => s.pipe(rx.filter(isOdd)),
  finalize: (s) => s.pipe(rx.finalize(() => {})),
  find: (s) => s.pipe(rx.find((n) => n === 2)),
  findIndex: (s) => s.pipe(rx.findIndex((n) => n === 2)),
  first: (s) => s.pipe(rx.first(isOdd)),
  flatMap: (s, make) => s.pipe(rx.mergeMap((n) => make(inner(n)), 2)),
  forkJoin: (s, make) => rx.forkJoin([s, make(other)]),
  groupBy: (s) => s.pipe(rx.groupBy(isOdd), marked),
  ignoreElements: (s) => s.pipe(rx.ignoreElements()),
  iif: (s, make) => rx.iif(() => false, make(other), s),
  isEmpty: (s) => s.pipe(rx.isEmpty()),
  last: (s) => s.pipe(rx.last(isOdd)),
  map: (s) => s.pipe(rx.map((n) => 2 * n)),
  mapTo: (s) => s.pipe(rx.mapTo(7)),
  materialize: (s) => s.pipe(rx.materialize(), rx.map(({ kind, value }) => [kind, value])), // prettier-ignore
  max: (s) => s.pipe(rx.max()),
  merge: (s, make) => rx.merge(s, make(other)),
  mergeAll: (s, make) => innersOf(s, make).pipe(rx.mergeAll(2)),
  mergeMap: (s, make) => s.pipe(rx.mergeMap((n) => make(inner(n)))),
  mergeMapTo: (s, make) => s.pipe(rx.mergeMapTo(make(inner(7)))),
  mergeScan: (s, make) => s.pipe(rx.mergeScan((all, n) => make(inner(n)).pipe(rx.map((m) => all + m)), 0)),
  mergeWith: (s, make) => s.pipe(rx.mergeWith(make(other))),
  min: (s) => s.pipe(rx.min()),
  multicast: (s) => s.pipe(rx.multicast(() => new rx.Subject<number>(), (shared) => rx.merge(shared, shared))), // prettier-ignore
  observeOn: (s) => s.pipe(rx.observeOn(rx.asyncScheduler, 1.625)),
  onErrorResumeNext: (s, make) => rx.onErrorResumeNext(s, make(other)),
  onErrorResumeNextWith: (s, make) => s.pipe(rx.onErrorResumeNextWith(make(other))),
  pairwise: (s) => s.pipe(rx.pairwise()),
  partition: (s) => rx.merge(...rx.partition(s, isOdd).map((part, i) => part.pipe(rx.map((n) => [i, n])))),
  pluck: (s) => s.pipe(rx.map((n) => ({ n })), rx.pluck('n')), // prettier-ignore
  publish: (s) => s.pipe(rx.publish((shared) => rx.merge(shared, shared.pipe(rx.delay(0.625))))),
  publishBehavior: (s) => s.pipe(rx.publishBehavior(-1), rx.refCount()),
  publishLast: (s) => s.pipe(rx.publishLast(), rx.refCount()),
  publishReplay: (s) => s.pipe(rx.publishReplay(2), rx.refCount()),
  race: (s, make) => rx.race(make(other), s),
  raceWith: (s, make) => s.pipe(rx.raceWith(make(soon(2.625)))),
  reduce: (s) => s.pipe(rx.reduce(sum, 0)),
  refCount: (s) => s.pipe(rx.publish(), rx.refCount()),
  repeat: (s) => s.pipe(rx.repeat({ count: 2, delay: 4.625 })),
  repeatWhen: (s, make) => s.pipe(rx.repeatWhen((ends) => ends.pipe(rx.take(1), rx.mergeMap(() => make(soon(3.625)))))), // prettier-ignore
  retry: (s) => s.pipe(rx.retry({ count: 1, delay: 4.625 })),
  retryWhen: (s, make) => s.pipe(rx.retryWhen((ends) => ends.pipe(rx.take(1), rx.mergeMap(() => make(soon(3.625)))))), // prettier-ignore
  sample: (s, make) => s.pipe(rx.sample(make(beat(6.375)))),
  sampleTime: (s) => s.pipe(rx.sampleTime(6.375)),
  scan: (s) => s.pipe(rx.scan(sum, 0)),
  sequenceEqual: (s, make) => s.pipe(rx.sequenceEqual(make(other))),
  share: (s) => ((shared) => rx.merge(shared, shared.pipe(rx.map((n) => -n))))(s.pipe(rx.share())),
  shareReplay: (s) => ((shared) => rx.merge(shared, rx.timer(10.625).pipe(rx.mergeMap(() => shared))))(s.pipe(rx.shareReplay(2))),
  single: (s) => s.pipe(rx.single((n) => n === 2)),
  skip: (s) => s.pipe(rx.skip(2)),
  skipLast: (s) => s.pipe(rx.skipLast(2)),
  skipUntil: (s, make) => s.pipe(rx.skipUntil(make(soon(10.625)))),
  skipWhile: (s) => s.pipe(rx.skipWhile((n) => n < 2)),
  startWith: (s) => s.pipe(rx.startWith(-1)),
  subscribeOn: (s) => s.pipe(rx.subscribeOn(rx.asyncScheduler, 1.625)),
  switchAll: (s, make) => innersOf(s, make).pipe(rx.switchAll()),
  switchMap: (s, make) => s.pipe(rx.switchMap((n) => make(inner(n)))),
  switchMapTo: (s, make) => s.pipe(rx.switchMapTo(make(inner(7)))),
  switchScan: (s, make) => s.pipe(rx.switchScan((all, n) => make(inner(n)).pipe(rx.map((m) => all + m)), 0)),
  take: (s) => s.pipe(rx.take(3)),
  takeLast: (s) => s.pipe(rx.takeLast(2)),
  takeUntil: (s, make) => s.pipe(rx.takeUntil(make(soon(15.625)))),
  takeWhile: (s) => s.pipe(rx.takeWhile((n) => n < 3, true)),
  tap: (s) => s.pipe(rx.tap()),
  throttle: (s, make) => s.pipe(rx.throttle(() => make(soon(5.625)), { leading: true, trailing: true })),
  throttleTime: (s) => s.pipe(rx.throttleTime(5.625)),
  throwIfEmpty: (s) => s.pipe(rx.throwIfEmpty()),
  timeInterval: (s) => s.pipe(rx.timeInterval(), rx.map(({ value, interval }) => [value, rounded(interval)])), // prettier-ignore
  timeout: (s) => s.pipe(rx.timeout(11.625)),
  timeoutWith: (s, make) => s.pipe(rx.timeoutWith(11.625, make(other))),
  timestamp: (s) => s.pipe(rx.timestamp(rx.asyncScheduler), rx.map(({ value }) => value)), // prettier-ignore
  toArray: (s) => s.pipe(rx.toArray()),
  using: (s) => rx.using(() => ({ unsubscribe() {} }), () => s), // prettier-ignore
  window: (s, make) => s.pipe(rx.window(make(beat(6.375))), marked),
  windowCount: (s) => s.pipe(rx.windowCount(2), marked),
  windowTime: (s) => s.pipe(rx.windowTime(9.375), rx.take(6), marked),
  windowToggle: (s, make) => s.pipe(rx.windowToggle(make(other), () => make(soon(6.625))), marked), // prettier-ignore
  windowWhen: (s, make) => s.pipe(rx.windowWhen(() => make(soon(8.375))), marked), // prettier-ignore
  withLatestFrom: (s, make) => s.pipe(rx.withLatestFrom(make(other))),
  zip: (s, make) => rx.zip(s, make(other)),
  zipAll: (s, make) => innersOf(s, make).pipe(rx.zipAll()),
  zipWith: (s, make) => s.pipe(rx.zipWith(make(other))),
}

export const rounded = (ms: number): number => Math.round(ms * 1000) / 1000

/** Functions of RxJS that return observables and take none, or no source of items; each with the reason it is left out. */
export const leftOut: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['bindCallback', 'bindNodeCallback', 'empty', 'from', 'fromEvent', 'fromEventPattern', 'generate', 'interval', 'never', 'of', 'pairs', 'range', 'throwError', 'timer'].map((name) => [name, 'a source'])), // prettier-ignore
  ...Object.fromEntries(['animationFrames', 'scheduled'].map((name) => [name, 'a source by a scheduler'])),
  connectable: 'no pipeline: connected by hand; share and connect are its operators',
  defer: 'a source by a function; in the random pipelines',
  ...Object.fromEntries(['firstValueFrom', 'lastValueFrom'].map((name) => [name, 'returns a promise'])),
  ...Object.fromEntries(['config', 'identity', 'isObservable', 'noop', 'pipe', 'observable'].map((name) => [name, 'no operator'])),
  ...Object.fromEntries(['animationFrame', 'animationFrameScheduler', 'asap', 'asapScheduler', 'async', 'asyncScheduler', 'queue', 'queueScheduler', 'EMPTY', 'NEVER'].map((name) => [name, 'a constant'])), // prettier-ignore
}
