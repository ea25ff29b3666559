// The declarative side: a bounded pool of five over 200,000 items whose work is trivial, asynchronous or not;
// and map, filter, map, reduce over a million.
import { Readable } from 'node:stream'

const double = async (v) => v * 2
const doubleSync = (v) => v * 2

export const workloads = [
  pool('operator', 'workerPool(5) of trivial async work, an item', double),
  pool('operator-sync', 'workerPool(5) of trivial synchronous work, an item', doubleSync),
  pipeline(),
]

function pool(name, title, work) {
  const isAsync = work === double
  return {
    name,
    title,
    unit: 'ns',
    n: 200_000,
    go: { go: 'pool' },
    targets: [
      ['ours', 'best peer', 0.5],
      ['ours', 'go', 0.3],
    ],
    ours: {
      async ours({ background }, { fromIterable, workerPool, run }) {
        const { tap } = await import('rxjs')
        return async (n) => {
          let sum = 0
          await run(
            background,
            fromIterable(numbers(n)).pipe(
              workerPool(5, work),
              tap((v) => (sum += v)),
            ),
          ).join()
          check(sum, n)
        }
      },
      async 'ours (fromReceiver)'({ background, chan, go }, { fromReceiver, workerPool, run }) {
        const { tap } = await import('rxjs')
        function* feed(jobs, n) {
          for (let i = 0; i < n; i++) yield* jobs.send(i)
          jobs.close()
        }
        return async (n) => {
          const jobs = chan(128)
          go(feed, jobs, n)
          let sum = 0
          await run(
            background,
            fromReceiver(jobs).pipe(
              workerPool(5, work),
              tap((v) => (sum += v)),
            ),
          ).join()
          check(sum, n)
        }
      },
    },
    floors: {
      'five loops'() {
        async function loop(source, out) {
          for (const v of source) {
            const r = isAsync ? await work(v) : work(v)
            out.sum += r
          }
        }
        return async (n) => {
          const source = numbers(n)
          const out = { sum: 0 }
          await Promise.all([1, 2, 3, 4, 5].map(() => loop(source, out)))
          check(out.sum, n)
        }
      },
    },
    platform: {
      async 'node stream map'() {
        return async (n) => {
          let sum = 0
          for await (const v of Readable.from(numbers(n)).map(work, { concurrency: 5 })) sum += v
          check(sum, n)
        }
      },
    },
    peers: {
      ...(isAsync && {
        async 'async-sema'(peer) {
          const { Sema } = await peer('async-sema')
          return async (n) => {
            const sema = new Sema(5)
            let sum = 0
            const one = async (i) => {
              const r = await work(i)
              sum += r
              sema.release()
            }
            for (let i = 0; i < n; i++) {
              await sema.acquire()
              void one(i)
            }
            await sema.drain()
            check(sum, n)
          }
        },
      }),
      async 'fastq callback'(peer) {
        const fastq = (await peer('fastq')).default
        const one = isAsync ? (v, done) => void work(v).then((r) => done(null, r)) : (v, done) => done(null, work(v))
        return (n) =>
          new Promise((resolve) => {
            let sum = 0
            let left = n
            const queue = fastq(one, 5)
            const done = (_, r) => {
              sum += r
              if (--left === 0) resolve(check(sum, n))
            }
            for (let i = 0; i < n; i++) queue.push(i, done)
          })
      },
      async 'fastq promise'(peer) {
        const { promise } = await peer('fastq')
        return async (n) => {
          let sum = 0
          const one = async (v) => {
            const r = await work(v) // `sum += await …` would read the sum before it waits
            sum += r
          }
          const queue = promise(one, 5)
          for (let i = 0; i < n; i++) void queue.push(i)
          await queue.drained()
          check(sum, n)
        }
      },
      async 'p-map'(peer) {
        const pMap = (await peer('p-map')).default
        return async (n) => check(total(await pMap(numbers(n), work, { concurrency: 5 })), n)
      },
      async 'p-limit'(peer) {
        const pLimit = (await peer('p-limit')).default
        return async (n) => {
          const limit = pLimit(5)
          const all = []
          for (let i = 0; i < n; i++) all.push(limit(work, i))
          check(total(await Promise.all(all)), n)
        }
      },
      async 'p-queue'(peer) {
        const PQueue = (await peer('p-queue')).default
        return async (n) => {
          const queue = new PQueue({ concurrency: 5 })
          const all = []
          for (let i = 0; i < n; i++) all.push(queue.add(() => work(i)))
          check(total(await Promise.all(all)), n)
        }
      },
      async 'streaming-iterables'(peer) {
        const { parallelMap } = await peer('streaming-iterables')
        return async (n) => {
          let sum = 0
          for await (const v of parallelMap(5, work, numbers(n))) sum += v
          check(sum, n)
        }
      },
      async 'effect forEach'(peer) {
        const { Effect } = await peer('effect')
        return async (n) => {
          let sum = 0
          const one = isAsync
            ? (v) =>
                Effect.map(
                  Effect.promise(() => work(v)),
                  (r) => void (sum += r),
                )
            : (v) => Effect.sync(() => void (sum += work(v)))
          await Effect.runPromise(Effect.forEach(numbers(n), one, { concurrency: 5, discard: true }))
          check(sum, n)
        }
      },
      async 'effect Stream'(peer) {
        const { Effect, Stream } = await peer('effect')
        const one = isAsync ? (v) => Effect.promise(() => work(v)) : (v) => Effect.sync(() => work(v))
        return async (n) =>
          check(await Effect.runPromise(Stream.runSum(Stream.mapEffect(Stream.fromIterable(numbers(n)), one, { concurrency: 5 }))), n)
      },
      async 'rxjs mergeMap'(peer) {
        const { from, of, mergeMap, reduce, lastValueFrom } = await peer('rxjs')
        const one = isAsync ? work : (v) => of(work(v))
        return async (n) =>
          check(
            await lastValueFrom(
              from(numbers(n)).pipe(
                mergeMap(one, 5),
                reduce((a, b) => a + b),
              ),
            ),
            n,
          )
      },
      async ix(peer) {
        const { from, of } = await peer('ix/asynciterable')
        const { flatMap } = await peer('ix/asynciterable/operators')
        return async (n) => {
          let sum = 0
          for await (const v of from(numbers(n)).pipe(flatMap(async (v) => of(await work(v)), 5))) sum += v
          check(sum, n)
        }
      },
    },
  }
}

function pipeline() {
  const plus = (v) => v + 1
  const even = (v) => v % 2 === 0
  const twice = (v) => v * 2
  const add = (a, b) => a + b
  return {
    name: 'pipeline',
    title: 'map, filter, map, reduce over a million, an item',
    unit: 'ns',
    n: 1_000_000,
    targets: [['ours', 'rxjs', 1.3]],
    ours: {
      async ours({ background }, { fromIterable, collect }) {
        const { map, filter, reduce } = await import('rxjs')
        return async (n) => {
          const [sum] = await collect(background, fromIterable(numbers(n)).pipe(map(plus), filter(even), map(twice), reduce(add, 0))).join()
          verify(sum, n)
        }
      },
      'ours (goroutines)'({ go, chan, range }) {
        function* produce(out, n) {
          for (let i = 0; i < n; i++) yield* out.send(i)
          out.close()
        }
        function* mapping(input, out, f) {
          for (const it = range(input); yield* it.next();) yield* out.send(f(it.value))
          out.close()
        }
        function* filtering(input, out, f) {
          for (const it = range(input); yield* it.next();) if (f(it.value)) yield* out.send(it.value)
          out.close()
        }
        function* all(n) {
          const [a, b, c, d] = [chan(128), chan(128), chan(128), chan(128)]
          go(produce, a, n)
          go(mapping, a, b, plus)
          go(filtering, b, c, even)
          go(mapping, c, d, twice)
          let sum = 0
          for (const it = range(d); yield* it.next();) sum += it.value
          verify(sum, n)
        }
        return (n) => go(all, n).join()
      },
    },
    floors: {
      'for loop'() {
        return (n) => {
          let sum = 0
          for (let i = 0; i < n; i++) {
            const v = plus(i)
            if (even(v)) sum = add(sum, twice(v))
          }
          verify(sum, n)
        }
      },
      'for of'() {
        return (n) => {
          let sum = 0
          for (const i of numbers(n)) {
            const v = plus(i)
            if (even(v)) sum = add(sum, twice(v))
          }
          verify(sum, n)
        }
      },
    },
    platform: {
      'node stream'() {
        return async (n) => verify(await Readable.from(numbers(n)).map(plus).filter(even).map(twice).reduce(add, 0), n)
      },
      'web stream'() {
        const stage = (f) => new TransformStream({ transform: f })
        return async (n) => {
          const source = ReadableStream.from(numbers(n))
            .pipeThrough(stage((v, c) => c.enqueue(plus(v))))
            .pipeThrough(stage((v, c) => even(v) && c.enqueue(v)))
            .pipeThrough(stage((v, c) => c.enqueue(twice(v))))
          let sum = 0
          for await (const v of source) sum += v
          verify(sum, n)
        }
      },
    },
    peers: {
      async rxjs(peer) {
        const { from, map, filter, reduce, lastValueFrom } = await peer('rxjs')
        return async (n) => verify(await lastValueFrom(from(numbers(n)).pipe(map(plus), filter(even), map(twice), reduce(add, 0))), n)
      },
      async 'rxjs range'(peer) {
        const { range, map, filter, reduce, lastValueFrom } = await peer('rxjs')
        return async (n) => verify(await lastValueFrom(range(0, n).pipe(map(plus), filter(even), map(twice), reduce(add, 0))), n)
      },
      async 'effect Stream'(peer) {
        const { Effect, Stream } = await peer('effect')
        return async (n) =>
          verify(
            await Effect.runPromise(
              Stream.range(0, n - 1).pipe(
                Stream.map(plus),
                Stream.filter(even),
                Stream.map(twice),
                Stream.runFold(() => 0, add),
              ),
            ),
            n,
          )
      },
      async 'ix sync'(peer) {
        const { from, reduce } = await peer('ix/iterable')
        const { map, filter } = await peer('ix/iterable/operators')
        return (n) => verify(reduce(from(numbers(n)).pipe(map(plus), filter(even), map(twice)), { callback: add, seed: 0 }), n)
      },
      async 'ix async'(peer) {
        const { from, reduce } = await peer('ix/asynciterable')
        const { map, filter } = await peer('ix/asynciterable/operators')
        return async (n) => verify(await reduce(from(numbers(n)).pipe(map(plus), filter(even), map(twice)), { callback: add, seed: 0 }), n)
      },
      async 'streaming-iterables'(peer) {
        const { map, filter, reduce } = await peer('streaming-iterables')
        return async (n) => verify(await reduce(add, 0, map(twice, filter(even, map(plus, numbers(n))))), n)
      },
    },
  }
}

function* numbers(n) {
  for (let i = 0; i < n; i++) yield i
}

function total(values) {
  let sum = 0
  for (const v of values) sum += v
  return sum
}

function check(sum, n) {
  if (sum !== n * (n - 1)) throw new Error(`an item was lost: ${sum}`)
}

function verify(sum, n) {
  const evens = n / 2
  if (sum !== 2 * evens * (evens + 1)) throw new Error(`wrong sum: ${sum}`)
}
