import { left, right, type Either } from 'fp-ts/lib/Either.js'
import { none, some, type Option } from 'fp-ts/lib/Option.js'
import type { Separated } from 'fp-ts/lib/Separated.js'
import fc from 'fast-check'
import { chan, go, range, type Receiver } from 'millrace'
import { receiver } from 'millrace/fp-ts'
import { describe, expect, it } from 'vitest'
import { all, expectEqual, outcomes, some as someSchedules, type World } from './outcomes.js'

/** The values sent, the capacity, and how the channel ends. */
interface Spec {
  readonly values: readonly number[]
  readonly capacity: number
  readonly fails: boolean
}

const spec: fc.Arbitrary<Spec> = fc.record({ values: fc.array(fc.nat(4), { maxLength: 2 }), capacity: fc.nat(1), fails: fc.boolean() })

function send<A>(world: World, { values, capacity, fails }: Spec, of: (n: number) => A): Receiver<A> {
  const ch = chan<A>(capacity)
  world.beside(function* sender() {
    for (const n of values) yield* ch.send(of(n))
    ch.close(fails ? new Error('failed') : undefined)
  })
  return ch
}

const numbers = (world: World, spec: Spec) => send(world, spec, (n) => n)

/** All received values, and how the channel ended. */
function* drain(values: Receiver<unknown>): Generator<never, unknown> {
  const all: unknown[] = []
  try {
    for (const it = range(values); yield* it.next();) all.push(it.value)
    return [...all, 'end']
  } catch (cause) {
    return [...all, String(cause)]
  }
}

const draining = (make: (world: World) => Receiver<unknown>) =>
  function* (world: World): Generator<never, unknown> {
    return yield* drain(make(world))
  }

type Both = Separated<Receiver<unknown>, Receiver<unknown>>

const drainingBoth = (make: (world: World) => Both) =>
  function* (world: World): Generator<never, unknown> {
    const { left, right } = make(world)
    const [lefts, rights] = [go(drain, left), go(drain, right)]
    return { left: yield* lefts.join(), right: yield* rights.join() }
  }

const equal = (a: (world: World) => Receiver<unknown>, b: (world: World) => Receiver<unknown>) =>
  expectEqual(draining(a), draining(b), all(0))
const equalBoth = (a: (world: World) => Both, b: (world: World) => Both) => expectEqual(drainingBoth(a), drainingBoth(b), someSchedules)

const double = (n: number) => n * 2
const next = (n: number) => n + 1
const broken = (n: number): number => {
  if (n === 3) throw new Error('three')
  return n
}
const f = fc.constantFrom(double, next, broken)
const isEven = (n: number) => n % 2 === 0
const isSmall = (n: number) => n < 3
const never = () => false
const always = () => true
const predicate = fc.constantFrom(isEven, isSmall, never, always)
const evenHalf = (n: number): Option<number> => (isEven(n) ? some(n / 2) : none)
const smallNext = (n: number): Option<number> => (isSmall(n) ? some(n + 1) : none)
const partial = fc.constantFrom(evenHalf, smallNext, some, () => none)
const toEither = (n: number): Either<string, number> => (isEven(n) ? right(n) : left(`odd ${n}`))

const runs = { numRuns: 15 }
const { map, compact, separate, filter, filterMap, partition, partitionMap } = receiver.Filterable

describe('Functor', () => {
  it('map of identity is identity', () =>
    fc.assert(
      fc.asyncProperty(spec, (a) =>
        equal(
          (w) => map(numbers(w, a), (n) => n),
          (w) => numbers(w, a),
        ),
      ),
      runs,
    ))

  it('map of f, then of g, is map of both', () =>
    fc.assert(
      fc.asyncProperty(spec, f, f, (a, f, g) =>
        equal(
          (w) => map(map(numbers(w, a), f), g),
          (w) => map(numbers(w, a), (n) => g(f(n))),
        ),
      ),
      runs,
    ))
})

describe('Compactable', () => {
  it('compact of Somes is identity', () =>
    fc.assert(
      fc.asyncProperty(spec, (a) =>
        equal(
          (w) => compact(map(numbers(w, a), some)),
          (w) => numbers(w, a),
        ),
      ),
      runs,
    ))

  it('compact of Nones is empty', () =>
    fc.assert(
      fc.asyncProperty(spec, (a) =>
        equal(
          (w) => compact(send(w, a, () => none)),
          (w) => numbers(w, { ...a, values: [] }),
        ),
      ),
      runs,
    ))

  it('separate is compact of either side', () =>
    fc.assert(
      fc.asyncProperty(spec, (a) =>
        equalBoth(
          (w) => separate(send(w, a, toEither)),
          (w) => ({
            left: compact(map(send(w, a, toEither), (e) => (e._tag === 'Left' ? some(e.left) : none))),
            right: compact(map(send(w, a, toEither), (e) => (e._tag === 'Right' ? some(e.right) : none))),
          }),
        ),
      ),
      runs,
    ))
})

describe('Filterable', () => {
  it('filter of both is filter of one, then of the other', () =>
    fc.assert(
      fc.asyncProperty(spec, predicate, predicate, (a, p, q) =>
        equal(
          (w) => filter(numbers(w, a), (n) => p(n) && q(n)),
          (w) => filter(filter(numbers(w, a), p), q),
        ),
      ),
      runs,
    ))

  it('filter of always is identity', () =>
    fc.assert(
      fc.asyncProperty(spec, (a) =>
        equal(
          (w) => filter(numbers(w, a), always),
          (w) => numbers(w, a),
        ),
      ),
      runs,
    ))

  it('filter of never is empty', () =>
    fc.assert(
      fc.asyncProperty(spec, spec, (a, b) =>
        equal(
          (w) => filter(numbers(w, a), never),
          (w) => filter(numbers(w, { ...b, fails: a.fails }), never),
        ),
      ),
      runs,
    ))

  it('filterMap is compact of map, and filter is filterMap of fromPredicate', () =>
    fc.assert(
      fc.asyncProperty(spec, partial, predicate, async (a, f, p) => {
        await equal(
          (w) => filterMap(numbers(w, a), f),
          (w) => compact(map(numbers(w, a), f)),
        )
        await equal(
          (w) => filter(numbers(w, a), p),
          (w) => filterMap(numbers(w, a), (n) => (p(n) ? some(n) : none)),
        )
      }),
      runs,
    ))

  it('filterMap of f, then of g, is filterMap of both', () =>
    fc.assert(
      fc.asyncProperty(spec, partial, partial, (a, f, g) =>
        equal(
          (w) => filterMap(filterMap(numbers(w, a), f), g),
          (w) =>
            filterMap(numbers(w, a), (n) => {
              const one = f(n)
              return one._tag === 'Some' ? g(one.value) : none
            }),
        ),
      ),
      runs,
    ))

  it('partitionMap is separate of map, and partition is partitionMap of fromPredicate', () =>
    fc.assert(
      fc.asyncProperty(spec, predicate, async (a, p) => {
        await equalBoth(
          (w) => partitionMap(numbers(w, a), toEither),
          (w) => separate(map(numbers(w, a), toEither)),
        )
        await equalBoth(
          (w) => partition(numbers(w, a), p),
          (w) => partitionMap(numbers(w, a), (n) => (p(n) ? right(n) : left(n))),
        )
      }),
      runs,
    ))
})

it('the received values do not depend on the schedule', async () => {
  const values = { values: [0, 1, 2], capacity: 1, fails: true }
  expect(
    await outcomes(
      draining((w) => filter(numbers(w, values), isEven)),
      all(1),
    ),
  ).toEqual(['[{"_tag":"Right","right":[0,2,"Error: failed"]},[]]'])
  expect(
    await outcomes(
      drainingBoth((w) => partition(numbers(w, values), isEven)),
      someSchedules,
    ),
  ).toEqual(['[{"_tag":"Right","right":{"left":[1,"Error: failed"],"right":[0,2,"Error: failed"]}},[]]'])
})
