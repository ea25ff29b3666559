// A million items through map, filter and a bounded pool of five, beside the libraries that have such a pool; and what an item of it costs
// when there are a thousand or ten million of them.
import { Readable, Transform } from 'node:stream'
import { pipeline as connect } from 'node:stream/promises'

const plus = (v) => v + 1
const keep = (v) => v % 4 !== 0
const double = async (v) => v * 2
const doubleSync = (v) => v * 2

export const workloads = [
  dataflow('dataflow', 'trivial async work', double),
  dataflow('dataflow-sync', 'trivial synchronous work', doubleSync),
  flat('flat', 'trivial async work', double),
  flat('flat-sync', 'trivial synchronous work', doubleSync),
]

function dataflow(name, kind, work) {
  const isAsync = work === double
  return {
    name,
    title: `map, filter, workerPool(5) of ${kind} over a million, an item`,
    unit: 'ns',
    n: 1_000_000,
    go: {},
    targets: [['ours', 'best peer', 0.5]],
    ours: {
      async ours({ background }, { fromIterable, workerPool, run }) {
        const { map, filter, tap } = await import('rxjs')
        return async (n) => {
          let sum = 0
          const adding = tap((v) => (sum += v))
          await run(background, fromIterable(numbers(n)).pipe(map(plus), filter(keep), workerPool(5, work), adding)).join()
          check(sum, n)
        }
      },
    },
    floors: {
      'five loops'() {
        async function loop(source, out) {
          for (const v of source) {
            const w = plus(v)
            if (!keep(w)) continue
            const r = isAsync ? await work(w) : work(w)
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
      'node stream'() {
        return async (n) => check(await total(Readable.from(numbers(n)).map(plus).filter(keep).map(work, { concurrency: 5 })), n)
      },
      // A Transform has one item under way.
      ...(!isAsync && {
        'node Transform'() {
          const stage = (transform) => new Transform({ objectMode: true, transform })
          return async (n) => {
            let sum
            await connect(
              Readable.from(numbers(n)),
              stage((v, _, done) => done(null, plus(v))),
              stage((v, _, done) => (keep(v) ? done(null, v) : done())),
              stage((v, _, done) => done(null, work(v))),
              async (source) => (sum = await total(source)),
            )
            check(sum, n)
          }
        },
      }),
    },
    peers: {
      async 'rxjs mergeMap'(peer) {
        const { from, of, map, filter, mergeMap, reduce, lastValueFrom } = await peer('rxjs')
        const one = isAsync ? work : (v) => of(work(v))
        const add = reduce((a, b) => a + b)
        return async (n) => check(await lastValueFrom(from(numbers(n)).pipe(map(plus), filter(keep), mergeMap(one, 5), add)), n)
      },
      async 'p-map'(peer) {
        const pMap = (await peer('p-map')).default
        return async (n) => check(await total(await pMap(kept(n), work, { concurrency: 5 })), n)
      },
      async 'p-map pMapIterable'(peer) {
        const { pMapIterable } = await peer('p-map')
        return async (n) => check(await total(pMapIterable(kept(n), work, { concurrency: 5 })), n)
      },
      async 'effect Stream'(peer) {
        const { Effect, Stream } = await peer('effect')
        const one = isAsync ? (v) => Effect.promise(() => work(v)) : (v) => Effect.sync(() => work(v))
        return async (n) =>
          check(
            await Effect.runPromise(
              Stream.fromIterable(numbers(n)).pipe(
                Stream.map(plus),
                Stream.filter(keep),
                Stream.mapEffect(one, { concurrency: 5, unordered: true }),
                Stream.runSum,
              ),
            ),
            n,
          )
      },
      async ix(peer) {
        const { from, of } = await peer('ix/asynciterable')
        const { map, filter, flatMap } = await peer('ix/asynciterable/operators')
        const one = isAsync ? async (v) => of(await work(v)) : (v) => of(work(v))
        return async (n) => check(await total(from(numbers(n)).pipe(map(plus), filter(keep), flatMap(one, 5))), n)
      },
      async 'streaming-iterables parallelMap'(peer) {
        const { map, filter, parallelMap } = await peer('streaming-iterables')
        return async (n) => check(await total(parallelMap(5, work, filter(keep, map(plus, numbers(n))))), n)
      },
      async 'streaming-iterables transform'(peer) {
        const { map, filter, transform } = await peer('streaming-iterables')
        return async (n) => check(await total(transform(5, work, filter(keep, map(plus, numbers(n))))), n)
      },
    },
  }
}

/** What an item costs must not depend on how many there are: the backlog of RxJS's mergeMap is an array that is shifted. */
function flat(name, kind, work) {
  const few = { '1k': 1_000, '10k': 10_000, '100k': 100_000 } // RxJS takes 20 s for 1M items of async work, and does not end at 10M
  const all = { ...few, '1M': 1_000_000, '10M': 10_000_000 }
  const each = (prefix, counts, make) =>
    Object.fromEntries(Object.entries(counts).map(([label, n]) => [`${prefix} (${label})`, (...imports) => repeated(n, make, imports)]))
  return {
    name,
    title: `map, filter, workerPool(5) of ${kind} over 1k to 10M items, an item`,
    unit: 'ns',
    n: 1,
    go: {},
    ours: each('ours', all, async ({ background }, { fromIterable, workerPool, run }) => {
      const { map, filter } = await import('rxjs')
      return (n) => run(background, fromIterable(numbers(n)).pipe(map(plus), filter(keep), workerPool(5, work))).join()
    }),
    peers: each('rxjs mergeMap', work === double ? few : all, async (peer) => {
      const { from, of, map, filter, mergeMap, lastValueFrom } = await peer('rxjs')
      const one = work === double ? work : (v) => of(work(v))
      return (n) => lastValueFrom(from(numbers(n)).pipe(map(plus), filter(keep), mergeMap(one, 5)))
    }),
    figures(cost) {
      const costs = Object.keys(all).map((label) => cost(`ours (${label})`))
      const grows = costs.slice(1).map((c, i) => c / Math.min(...costs.slice(0, i + 1)))
      return [
        { label: 'ours, a size beside the cheapest smaller one, at worst', value: Math.max(...grows), isRatio: true, most: 1.25 },
        { label: 'ours, 10M beside 1k', value: costs.at(-1) / costs[0], isRatio: true, most: 1.25 },
        { label: 'ours, the dearest beside the cheapest', value: Math.max(...costs) / Math.min(...costs), isRatio: true },
        { label: 'to begin and end a run, from 1k and 10k', value: ((costs[0] - costs[1]) * 10_000) / 9 },
      ]
    },
  }
}

/** At least 100,000 items for one look at the clock. */
async function repeated(n, make, imports) {
  const run = await make(...imports)
  const times = Math.ceil(100_000 / n)
  return async () => {
    for (let i = 0; i < times; i++) await run(n)
    return times * n
  }
}

function* numbers(n) {
  for (let i = 0; i < n; i++) yield i
}

/** The first two steps, for a library that has a pool alone. */
function* kept(n) {
  for (const v of numbers(n)) {
    const w = plus(v)
    if (keep(w)) yield w
  }
}

async function total(values) {
  let sum = 0
  if (Array.isArray(values)) for (const v of values) sum += v
  else for await (const v of values) sum += v
  return sum
}

/** `n` is a multiple of four. */
function check(sum, n) {
  const left = n / 4
  const expected = n * (n + 1) - 4 * left * (left + 1)
  if (sum !== expected) throw new Error(`an item was lost: ${sum}, not ${expected}`)
}
