import fc from 'fast-check'
import { chan, go, gosched, sleep, type Chan, type Goroutine } from 'millrace'
import { goroutine } from 'millrace/fp-ts'
import { describe, expect, it } from 'vitest'
import { all, expectEqual, outcomes, type World } from './outcomes.js'

/** The description of a goroutine; each run starts a new goroutine in its world. */
type Spec =
  | { is: 'of' | 'fails' | 'sleeps' | 'gives way'; n: number }
  | { is: 'takes' } // from the channel of its world, which has another receiver
  | { is: 'waits' }

const spec: fc.Arbitrary<Spec> = fc.oneof(
  fc.record({ is: fc.constantFrom('of' as const, 'fails' as const, 'sleeps' as const, 'gives way' as const), n: fc.nat(3) }),
  fc.record({ is: fc.constantFrom('takes' as const, 'waits' as const) }),
)

/** For two goroutines at once: no clock and no third goroutine, and the second is not canceled when `chain` fails. */
const quick = spec.filter(({ is }) => is !== 'sleeps' && is !== 'takes' && is !== 'waits')

type Kleisli = 'double' | 'next' | 'take' | 'fail'
const kleisli = fc.constantFrom<Kleisli>('double', 'next', 'take', 'fail')
const f = fc.constantFrom(
  (n: number) => n * 2,
  (n: number) => n + 1,
  (n: number): number => {
    if (n % 2 === 0) throw new Error(`even: ${n}`)
    return n
  },
)

/** A world with a channel of values, enough for all; its receivers compete with one goroutine beside them. */
class Place {
  private _values: Chan<number> | null = null

  constructor(readonly world: World) {}

  /** The first receive starts the competing goroutine. */
  private get values(): Chan<number> {
    if (this._values !== null) return this._values
    const values = (this._values = chan(5))
    for (let i = 1; i <= 5; i++) values.trySend(10 * i)
    this.world.beside(function* () {
      yield* values.receive()
    })
    return values
  }

  start(spec: Spec): Goroutine<number> {
    const { log } = this.world
    switch (spec.is) {
      case 'of':
        return goroutine.of(spec.n)
      case 'fails':
        return go(function* () {
          log.push(`fails ${spec.n}`)
          throw new Error(`failed ${spec.n}`)
        })
      case 'sleeps':
        return go(function* () {
          yield* sleep(1 + spec.n)
          log.push(`slept ${spec.n}`)
          return spec.n
        })
      case 'gives way':
        return go(function* () {
          yield* gosched()
          log.push(`back ${spec.n}`)
          return spec.n
        })
      case 'takes': {
        const { values } = this
        return go(function* () {
          const message = yield* values.receive()
          return message._tag === 'Some' ? message.value : -1
        })
      }
      case 'waits':
        return go(function* () {
          yield* chan<number>().receive()
          return 0
        })
    }
  }

  follow(kleisli: Kleisli): (n: number) => Goroutine<number> {
    return (n) => {
      this.world.log.push(`${kleisli} ${n}`)
      switch (kleisli) {
        case 'double':
          return goroutine.of(n * 2)
        case 'next':
          return this.start({ is: 'gives way', n: n + 1 })
        case 'take':
          return this.start({ is: 'takes' })
        case 'fail':
          return this.start({ is: 'fails', n })
      }
    }
  }
}

const joining = (start: (place: Place) => Goroutine<unknown>) =>
  function* (world: World): Generator<never, unknown> {
    return yield* start(new Place(world)).join()
  }

const equal = (left: (place: Place) => Goroutine<unknown>, right: (place: Place) => Goroutine<unknown>) =>
  expectEqual(joining(left), joining(right), all(0))

const runs = { numRuns: 20 }
const { of, map, ap, chain } = goroutine.Monad

describe('Functor', () => {
  it('map of identity is identity', () =>
    fc.assert(
      fc.asyncProperty(spec, (a) =>
        equal(
          (p) => map(p.start(a), (n) => n),
          (p) => p.start(a),
        ),
      ),
      runs,
    ))

  it('map of f, then of g, is map of both', () =>
    fc.assert(
      fc.asyncProperty(spec, f, f, (a, f, g) =>
        equal(
          (p) => map(map(p.start(a), f), g),
          (p) => map(p.start(a), (n) => g(f(n))),
        ),
      ),
      runs,
    ))
})

describe('Monad', () => {
  it('of is a left unit of chain', () =>
    fc.assert(
      fc.asyncProperty(fc.nat(3), kleisli, (n, k) =>
        equal(
          (p) => chain(of(n), p.follow(k)),
          (p) => p.follow(k)(n),
        ),
      ),
      runs,
    ))

  it('of is a right unit of chain', () =>
    fc.assert(
      fc.asyncProperty(spec, (a) =>
        equal(
          (p) => chain(p.start(a), of),
          (p) => p.start(a),
        ),
      ),
      runs,
    ))

  it('chain is associative', () =>
    fc.assert(
      fc.asyncProperty(spec, kleisli, kleisli, (a, k, l) =>
        equal(
          (p) => chain(chain(p.start(a), p.follow(k)), p.follow(l)),
          (p) => chain(p.start(a), (n) => chain(p.follow(k)(n), p.follow(l))),
        ),
      ),
      runs,
    ))

  it('map is chain with of', () =>
    fc.assert(
      fc.asyncProperty(spec, f, (a, f) =>
        equal(
          (p) => map(p.start(a), f),
          (p) => chain(p.start(a), (n) => of(f(n))),
        ),
      ),
      runs,
    ))

  it('ap is chain of both, once both have been started', () =>
    fc.assert(
      fc.asyncProperty(quick, quick, (a, b) =>
        equal(
          (p) =>
            ap(
              map(p.start(a), (n: number) => (m: number) => [n, m]),
              p.start(b),
            ),
          (p) => {
            const [started, other] = [p.start(a), p.start(b)]
            void other.join().attempt().then() // its failure is not a crash while the test waits for the first
            return chain(started, (n) => map(other, (m) => [n, m]))
          },
        ),
      ),
      runs,
    ))
})

describe('the equality', () => {
  it.each<[string, Spec, Spec]>([
    ['of result', { is: 'of', n: 1 }, { is: 'of', n: 2 }],
    ['of effect', { is: 'of', n: 1 }, { is: 'gives way', n: 1 }],
    ['of failure', { is: 'fails', n: 1 }, { is: 'of', n: 1 }],
    ['of what another may take first', { is: 'takes' }, { is: 'of', n: 10 }],
    ['of ending', { is: 'waits' }, { is: 'of', n: 0 }],
  ])('sees a difference %s', async (_what, a, b) => {
    const outcomesOf = (spec: Spec) =>
      outcomes(
        joining((p) => p.start(spec)),
        all(1),
      )
    expect(await outcomesOf(a)).not.toEqual(await outcomesOf(b))
  })
})
