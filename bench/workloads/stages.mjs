// What a stage of ours costs: none to five of them in a row, each of them alone, and the same one up to five times. The work is trivial.
import { Readable, Transform } from 'node:stream'
import { pipeline as connect } from 'node:stream/promises'

/** They hand on what they get; `batch` comes last, since arrays leave it. */
const makers = {
  queue: ({ queue }) => queue(16),
  rateLimit: ({ rateLimit, rateLimiter }) => rateLimit(rateLimiter(Infinity, 1)),
  workerPool: ({ workerPool, work }) => workerPool(5, work),
  byKey: ({ byKey, work }) => byKey((v) => v % 8, 5, work),
  batch: ({ batch }) => batch({ size: 16 }),
}
const all = Object.keys(makers)
const times = (count, value) => new Array(count).fill(value)
/** What the row is called that has the stages up to this one. */
const upTo = (i) => (i === 0 ? 'none' : i === 1 ? all[0] : `${i}: … ${all[i - 1]}`)

export const workloads = [row('stages', 'synchronous', (v) => v), row('stages-async', 'asynchronous', async (v) => v)]

function row(name, kind, work) {
  const isAsync = kind === 'asynchronous'
  return {
    name,
    title: `none to five stages of ours in a row, ${kind} work, an item`,
    unit: 'ns',
    n: 200_000,
    go: {},
    ours: Object.fromEntries([
      ...[0, 1, 2, 3, 4, 5].map((i) => [upTo(i), through(all.slice(0, i), work)]),
      ...all.slice(1).map((stage) => [`${stage} alone`, through([stage], work)]),
      ...[2, 3, 4, 5].map((i) => [`workerPool × ${i}`, through(times(i, 'workerPool'), work)]),
    ]),
    platform: {
      'async generators × 5'() {
        async function* stage(source) {
          for await (const v of source) yield isAsync ? await work(v) : work(v)
        }
        return async (n) => check(await countOf(times(5, stage).reduce((source, next) => next(source), numbers(n))), n)
      },
      'node Transform × 5'() {
        const transform = isAsync ? (v, _, done) => void work(v).then((r) => done(null, r)) : (v, _, done) => done(null, work(v))
        return async (n) => {
          let count = 0
          const stages = times(5, null).map(() => new Transform({ objectMode: true, transform }))
          await connect(Readable.from(numbers(n)), ...stages, async (source) => (count = await countOf(source)))
          check(count, n)
        }
      },
    },
    peers: {
      // Without demand; with work that waits, mergeMap keeps what it has no place for.
      async 'rxjs × 5'(peer) {
        const { from, map, mergeMap, lastValueFrom, count } = await peer('rxjs')
        const stage = isAsync ? mergeMap(work, 5) : map(work)
        return async (n) => check(await lastValueFrom(from(numbers(n)).pipe(...times(5, stage), count())), n)
      },
    },
    figures: (cost) => [
      { label: 'a stage: five in a row less none, by 5', value: (cost(upTo(5)) - cost('none')) / 5 },
      ...all.map((stage, i) => ({ label: `${stage} in the row`, value: cost(upTo(i + 1)) - cost(upTo(i)) })),
      { label: 'a workerPool: five less two, by 3', value: (cost('workerPool × 5') - cost('workerPool × 2')) / 3 },
    ],
  }
}

function through(names, work) {
  return async ({ background, rateLimiter }, operators) => {
    const { tap } = await import('rxjs')
    const { fromIterable, run } = operators
    return async (n) => {
      let count = 0
      const counting = tap((v) => (count += Array.isArray(v) ? v.length : 1))
      const stages = names.map((name) => makers[name]({ ...operators, rateLimiter, work }))
      await run(background, fromIterable(numbers(n)).pipe(...stages, counting)).join()
      check(count, n)
    }
  }
}

function* numbers(n) {
  for (let i = 0; i < n; i++) yield i
}

async function countOf(source) {
  let count = 0
  for await (const _ of source) count++
  return count
}

function check(count, n) {
  if (count !== n) throw new Error(`${n - count} of ${n} items were lost`)
}
