import fc from 'fast-check'
import { chan, gosched, never, sleep, type Op } from 'millrace'
import { op } from 'millrace/fp-ts'
import { describe, expect, it } from 'vitest'
import { all, expectEqual, outcomes, type World } from './outcomes.js'

/** The description of an operation; each run makes a new operation in its world. */
type Spec =
  | { is: 'buffered' | 'sent' | 'taken' | 'slept'; n: number }
  | { is: 'throws' | 'waits' | 'never' }
  | { is: 'map'; of: Spec }
  | { is: 'alt'; a: Spec; b: Spec }

const leaf = fc.oneof(
  fc.record({ is: fc.constantFrom('buffered' as const, 'sent' as const, 'taken' as const, 'slept' as const), n: fc.nat(3) }),
  fc.record({ is: fc.constantFrom('throws' as const, 'waits' as const, 'never' as const) }),
)
const small: fc.Arbitrary<Spec> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('map' as const), of: leaf }) },
)
const spec: fc.Arbitrary<Spec> = fc.oneof(
  { weight: 3, arbitrary: small },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('alt' as const), a: small, b: small }) },
)

const double = (n: number) => n * 2
const next = (n: number) => n + 1
const broken = (n: number): number => {
  if (n % 2 === 0) throw new Error(`even: ${n}`)
  return n
}
const f = fc.constantFrom(double, next, broken)

/** Every effect that a second goroutine can observe is in the log. */
function build(world: World, spec: Spec): Op<number> {
  switch (spec.is) {
    case 'buffered': {
      const ch = chan<number>(1)
      ch.trySend(spec.n)
      world.atEnd(() => `${ch.size} left of ${spec.n}`)
      return ch.receive().map(numberOf)
    }
    case 'sent': {
      const ch = chan<number>()
      world.beside(function* () {
        yield* ch.send(spec.n)
        world.log.push(`sent ${spec.n}`)
      })
      return ch.receive().map(numberOf)
    }
    case 'taken': {
      const ch = chan<number>()
      world.beside(function* () {
        world.log.push(`took ${numberOf(yield* ch.receive())}`)
      })
      return ch.send(spec.n).map(() => spec.n)
    }
    case 'slept':
      return sleep(1 + spec.n).map(() => spec.n)
    case 'throws': {
      const ch = chan<number>()
      ch.close(new Error('closed'))
      return ch.receive().map(numberOf)
    }
    case 'waits':
      return chan<number>().receive().map(numberOf)
    case 'never':
      return never()
    case 'map':
      return build(world, spec.of).map(double)
    case 'alt':
      return op.alt(() => build(world, spec.b))(build(world, spec.a))
  }
}

const numberOf = (message: { _tag: 'None' } | { _tag: 'Some'; value: number }): number => (message._tag === 'Some' ? message.value : -1)

/** The goroutines beside it may run first, or later. */
const performing = (make: (world: World) => Op<unknown>) =>
  function* (world: World): Generator<never, unknown> {
    const op = make(world)
    yield* gosched()
    return yield* op
  }

const equal = (left: (world: World) => Op<unknown>, right: (world: World) => Op<unknown>) =>
  expectEqual(performing(left), performing(right), all(2))

const runs = { numRuns: 25 }
const { map } = op.Functor
const { alt } = op.Alt
const { zero } = op.Zero

describe('Functor', () => {
  it('map of identity is identity', () =>
    fc.assert(
      fc.asyncProperty(spec, (a) =>
        equal(
          (w) => map(build(w, a), (n) => n),
          (w) => build(w, a),
        ),
      ),
      runs,
    ))

  it('map of f, then of g, is map of both', () =>
    fc.assert(
      fc.asyncProperty(spec, f, f, (a, f, g) =>
        equal(
          (w) => map(map(build(w, a), f), g),
          (w) => map(build(w, a), (n) => g(f(n))),
        ),
      ),
      runs,
    ))
})

describe('Alt', () => {
  it('is associative, in what may be chosen', () =>
    fc.assert(
      fc.asyncProperty(small, small, small, (a, b, c) =>
        equal(
          (w) =>
            alt(
              alt(build(w, a), () => build(w, b)),
              () => build(w, c),
            ),
          (w) => alt(build(w, a), () => alt(build(w, b), () => build(w, c))),
        ),
      ),
      runs,
    ))

  it('map distributes over it', () =>
    fc.assert(
      fc.asyncProperty(small, small, f, (a, b, f) =>
        equal(
          (w) =>
            map(
              alt(build(w, a), () => build(w, b)),
              f,
            ),
          (w) => alt(map(build(w, a), f), () => map(build(w, b), f)),
        ),
      ),
      runs,
    ))

  it('returns either result when both are ready', async () => {
    const found = await outcomes(
      performing((w) => alt(build(w, { is: 'buffered', n: 1 }), () => build(w, { is: 'buffered', n: 2 }))),
      all(2),
    )
    expect(found).toEqual([
      '[{"_tag":"Right","right":1},["0 left of 1","1 left of 2"]]',
      '[{"_tag":"Right","right":2},["1 left of 1","0 left of 2"]]',
    ])
  })
})

describe('Zero', () => {
  it('is the unit of alt, on either side', () =>
    fc.assert(
      fc.asyncProperty(spec, async (a) => {
        await equal(
          (w) => alt(zero<number>(), () => build(w, a)),
          (w) => build(w, a),
        )
        await equal(
          (w) => alt(build(w, a), () => zero()),
          (w) => build(w, a),
        )
      }),
      runs,
    ))

  it('stays zero under map', () =>
    equal(
      () => map(zero<number>(), double),
      () => zero(),
    ))
})

describe('the equality', () => {
  it.each<[string, Spec, Spec]>([
    ['of result', { is: 'buffered', n: 1 }, { is: 'buffered', n: 2 }],
    ['of effect', { is: 'buffered', n: 1 }, { is: 'sent', n: 1 }],
    ['of what may be chosen', { is: 'alt', a: { is: 'buffered', n: 1 }, b: { is: 'sent', n: 1 } }, { is: 'buffered', n: 1 }],
    ['of readiness', { is: 'never' }, { is: 'throws' }],
  ])('sees a difference %s', async (_what, a, b) => {
    const outcomesOf = (spec: Spec) =>
      outcomes(
        performing((w) => build(w, spec)),
        all(2),
      )
    expect(await outcomesOf(a)).not.toEqual(await outcomesOf(b))
  })
})
