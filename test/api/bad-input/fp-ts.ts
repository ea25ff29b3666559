/** The places of `millrace/fp-ts`; its modules `goroutine`, `op` and `receiver` are read at run time. */
import { left, right } from 'fp-ts/lib/Either.js'
import { background, chan, go, sleep, type Receiver } from 'millrace'
import { chainPoolRTE, chainPoolTE, goroutine, mapE, mapLeftE, op, partitionE, receiver, workerPoolRTE, workerPoolTE } from 'millrace/fp-ts'
import { collect, fromIterable, run } from 'millrace/operators'
import { identity, type Observable, type OperatorFunction } from 'rxjs'
import { optionsOf, type Table } from './kinds.js'
import { briefly } from './runtime.js'

const through = (operator: OperatorFunction<number, unknown>) => briefly(run(background, fromIterable([1, 2]).pipe(operator)).join())
const eithers = (operator: (source: Observable<ReturnType<typeof right<string, number>>>) => Observable<unknown>) =>
  briefly(collect(background, operator(fromIterable([right<string, number>(1), left<string, number>('no')]))).join())

const worker = { ordered: 'flag?', onFailure: 'word?', schedule: 'function?', name: 'text?', overflow: 'word?', sparse: 'flag?' } as const
const task = () => async () => right<string, number>(await sleep(1).map(() => 1))
const reader = () => () => task()

const pools: Table = {
  'workerPoolTE(n)': ['count', (n) => through(workerPoolTE(n, task))],
  'workerPoolTE(work)': ['function', (work) => through(workerPoolTE(1, work))],
  ...optionsOf('workerPoolTE', 'options', 'options?', worker, (options) => through(workerPoolTE(1, task, options))),
  'workerPoolRTE(n)': ['count', (n) => through(workerPoolRTE(n, reader))],
  'workerPoolRTE(work)': ['function', (work) => through(workerPoolRTE(1, work))],
  ...optionsOf('workerPoolRTE', 'options', 'options?', worker, (options) => through(workerPoolRTE(1, reader, options))),
  'chainPoolTE(n)': ['count', (n) => eithers(chainPoolTE(n, task))],
  'chainPoolTE(work)': ['function', (work) => eithers(chainPoolTE(1, work))],
  ...optionsOf('chainPoolTE', 'options', 'options?', worker, (options) => eithers(chainPoolTE(1, task, options))),
  'chainPoolRTE(n)': ['count', (n) => eithers(chainPoolRTE(n, reader))],
  'chainPoolRTE(work)': ['function', (work) => eithers(chainPoolRTE(1, work))],
  ...optionsOf('chainPoolRTE', 'options', 'options?', worker, (options) => eithers(chainPoolRTE(1, reader, options))),
  'mapE(f)': ['function', (f) => eithers(mapE(f))],
  'mapLeftE(f)': ['function', (f) => eithers(mapLeftE(f))],
  'partitionE(lefts)': ['function', (f) => eithers(partitionE(f, identity))],
  'partitionE(rights)': ['function', (f) => eithers(partitionE(identity, f))],
}

const one = () => go(() => 1)
const adding = () => go(() => (n: number) => n + 1)
const startOne = () => one()
const startIn = () => one()

const goroutines: Table = {
  'goroutine.of(value)': ['anything', (value) => goroutine.of(value).join()],
  'goroutine.map(f)': ['function', (f) => goroutine.map(f)(one()).join()],
  'goroutine.map(f)(fa)': ['object', (fa) => goroutine.map(identity)(fa).join()],
  'goroutine.ap(fa)': [
    'object',
    (fa) =>
      goroutine
        .ap(fa)(adding() as never)
        .join(),
  ],
  'goroutine.ap(fa)(fab)': ['object', (fab) => goroutine.ap(one())(fab).join()],
  'goroutine.chain(f)': ['function', (f) => briefly(goroutine.chain(f)(one()).join())],
  'goroutine.chain(f)(ma)': ['object', (ma) => goroutine.chain(one)(ma).join()],
  'goroutine.tap(f)': ['function', (f) => briefly(goroutine.tap(f)(one()).join())],
  'goroutine.tap(f)(ma)': ['object', (ma) => goroutine.tap(one)(ma).join()],
  'goroutine.fromIO(io)': ['function', (io) => goroutine.fromIO(io).join()],
  'goroutine.fromTask(task)': ['function', (given) => goroutine.fromTask(given).join()],
  'goroutine.fromTaskEither(task)': ['function', (given) => goroutine.fromTaskEither(given).join()],
  'goroutine.fromReaderTask(ctx)': [
    'ctx',
    (ctx) =>
      goroutine
        .fromReaderTask(ctx)(reader as never)
        .join(),
  ],
  'goroutine.fromReaderTask(ctx)(rt)': ['function', (rt) => briefly(goroutine.fromReaderTask(background)(rt).join())],
  'goroutine.fromReaderTaskEither(ctx)': ['ctx', (ctx) => goroutine.fromReaderTaskEither(ctx)(task).join()],
  'goroutine.fromReaderTaskEither(ctx)(rte)': ['function', (rte) => briefly(goroutine.fromReaderTaskEither(background)(rte).join()), 'rt'],
  'goroutine.fromOp(op)': ['object', (given) => goroutine.fromOp(given).join()],
  'goroutine.start(body)': ['function', (body) => goroutine.start(body)().join()],
  'goroutine.toTask(start)': ['function', (start) => attempted(goroutine.toTask(start))],
  'goroutine.toTaskEither(onThrow)': ['function', (onThrow) => goroutine.toTaskEither(onThrow)(startOne)()],
  'goroutine.toTaskEither(onThrow)(start)': ['function', (start) => attempted(goroutine.toTaskEither(identity)(start))],
  'goroutine.toReaderTask(start)': ['function', (start) => attempted(goroutine.toReaderTask(start)(background))],
  'goroutine.toReaderTask(start)(ctx)': ['ctx', (ctx) => goroutine.toReaderTask(startIn)(ctx)()],
  'goroutine.toReaderTaskEither(onThrow)': ['function', (onThrow) => goroutine.toReaderTaskEither(onThrow)(startIn)(background)()],
  'goroutine.toReaderTaskEither(onThrow)(start)': [
    'function',
    (start) => attempted(goroutine.toReaderTaskEither(identity)(start)(background)),
  ],
  'goroutine.toReaderTaskEither(onThrow)(start)(ctx)': ['ctx', (ctx) => goroutine.toReaderTaskEither(identity)(startIn)(ctx)()],
}

/** A start that returns no goroutine is no bad argument, but a bad start: its task rejects. */
async function attempted(task: () => Promise<unknown>): Promise<void> {
  await task().catch(() => undefined)
}

function filled(): Receiver<number> {
  const values = chan<number>(1)
  values.trySend(1)
  values.close()
  return values
}

const ready = () => filled().receive()

const operations: Table = {
  'op.map(f)': ['function', (f) => op.map(f)(ready())],
  'op.alt(that)': ['function', (that) => void op.alt(that)],
  'op.altW(that)': ['function', (that) => void op.altW(that)],
  'op.within(ctx)': ['ctx', (ctx) => op.within(ctx)(ready())],
  'op.attempt(onThrow)': ['function', (onThrow) => op.attempt(onThrow)(ready())],
  'op.toTask(op)': ['object', (given) => op.toTask(given)()],
  'op.toTaskEither(onThrow)': ['function', (onThrow) => op.toTaskEither(onThrow)(ready())()],
  'op.toReaderTaskEither(onThrow)': ['function', (onThrow) => op.toReaderTaskEither(onThrow)(ready())(background)()],
  'op.toIO(op)': ['object', (given) => op.toIO(given)()],
}

const received = async (values: Receiver<unknown>) => {
  for await (const _ of values);
}
const broken = (values: Receiver<unknown>) => received(values).catch(() => undefined)

const receivers: Table = {
  'receiver.map(f)': ['function', (f) => received(receiver.map(f)(filled()))],
  'receiver.map(f)(receiver)': ['object', (given) => received(receiver.map(identity)(given))],
  'receiver.filterMap(f)': ['function', (f) => broken(receiver.filterMap(f)(filled()))],
  'receiver.filterMap(f)(receiver)': ['object', (given) => received(receiver.filterMap(f1)(given))],
  'receiver.filter(predicate)': ['function', (predicate) => received(receiver.filter(predicate)(filled()))],
  'receiver.partition(predicate)': ['function', (predicate) => both(receiver.partition(predicate)(filled()))],
  'receiver.partitionMap(f)': ['function', (f) => both(receiver.partitionMap(f)(filled()))],
  'receiver.compact(receiver)': ['object', (given) => received(receiver.compact(given))],
  'receiver.separate(receiver)': ['object', (given) => both(receiver.separate(given))],
}

const f1 = (value: number) => ({ _tag: 'Some', value }) as const

async function both(halves: { left: Receiver<unknown>; right: Receiver<unknown> }): Promise<void> {
  await Promise.all([broken(halves.left), broken(halves.right)])
}

export const fpTs: Table = { ...pools, ...goroutines, ...operations, ...receivers }

/** Values without a parameter, and instances of fp-ts's type classes, which call the functions beside them. */
const without = /^(URI|zero|bindTo|bind|apS|[A-Z]\w+)$/

/** The functions of the three modules: each needs a row. */
export const functionsOfModules = Object.entries({ goroutine, op, receiver }).flatMap(([module, parts]) =>
  Object.keys(parts).filter((name) => !without.test(name)).map((name) => `${module}.${name}(`),
) // prettier-ignore
