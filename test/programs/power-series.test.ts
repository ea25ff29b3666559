/** After Doug McIlroy, "Squinting at power series" (1990): infinite series as goroutines that send a term for each request. */
import { expect, it } from 'vitest'
import { background, chan, errgroup, go, numGoroutine, range, select, withCancel, type Chan, type ErrGroup } from 'millrace'
import { settle } from '../support/settle.js'

/** A rational number in lowest terms, the denominator positive. */
class Rational {
  readonly top: bigint
  readonly bottom: bigint

  constructor(top: bigint, bottom = 1n) {
    const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))
    const shared = gcd(top, bottom)
    const common = shared < 0n === bottom < 0n ? shared : -shared
    this.top = top / common
    this.bottom = bottom / common
  }
  plus(that: Rational): Rational {
    return new Rational(this.top * that.bottom + that.top * this.bottom, this.bottom * that.bottom)
  }
  times(that: Rational): Rational {
    return new Rational(this.top * that.top, this.bottom * that.bottom)
  }
  over(n: bigint): Rational {
    return new Rational(this.top, this.bottom * n)
  }
  toString(): string {
    return this.bottom === 1n ? String(this.top) : `${this.top}/${this.bottom}`
  }
}

const zero = new Rational(0n)
const one = new Rational(1n)

/** A series of terms on demand: a request, then the term. */
interface Series {
  readonly request: Chan<void>
  readonly term: Chan<Rational>
}

type Steps<R = void> = Generator<never, R>

function* get(from: Series): Steps<Rational> {
  yield* from.request.send()
  const it = range(from.term)
  yield* it.next()
  return it.value
}

function* put(to: Series, term: Rational): Steps {
  yield* to.request.receive()
  yield* to.term.send(term)
}

/** Serves the requests to `to` from `from`. */
function* copy(from: Series, to: Series): Steps {
  for (;;) {
    yield* to.request.receive()
    yield* to.term.send(yield* get(from))
  }
}

/** Series whose goroutines belong to one group. */
class Algebra {
  constructor(private readonly group: ErrGroup) {}

  private series(body: (to: Series) => Steps): Series {
    const made: Series = { request: chan(), term: chan() }
    this.group.go(() => body(made))
    return made
  }

  repeat(term: Rational): Series {
    return this.series(function* (to) {
      for (;;) yield* put(to, term)
    })
  }

  add(u: Series, v: Series): Series {
    return this.series(function* (to) {
      for (;;) {
        yield* to.request.receive()
        const [a, b] = [yield* get(u), yield* get(v)]
        yield* to.term.send(a.plus(b))
      }
    })
  }

  scale(c: Rational, u: Series): Series {
    return this.series(function* (to) {
      for (;;) {
        yield* to.request.receive()
        yield* to.term.send(c.times(yield* get(u)))
      }
    })
  }

  subtract(u: Series, v: Series): Series {
    return this.add(u, this.scale(new Rational(-1n), v))
  }

  /** (a + xU)(b + xV) = ab + x(aV + bU) + x²UV */
  multiply(u: Series, v: Series): Series {
    return this.series(
      function* (this: Algebra, to: Series): Steps {
        yield* to.request.receive()
        const [a, b] = [yield* get(u), yield* get(v)]
        yield* to.term.send(a.times(b))
        const [u1, u2] = this.split(u)
        const [v1, v2] = this.split(v)
        const middle = this.add(this.scale(a, v1), this.scale(b, u1))
        yield* to.request.receive()
        yield* to.term.send(yield* get(middle))
        yield* copy(this.add(middle, this.multiply(u2, v2)), to)
      }.bind(this),
    )
  }

  differentiate(u: Series): Series {
    return this.series(function* (to) {
      yield* to.request.receive()
      yield* get(u)
      for (let n = 1n; ; n++) {
        yield* to.term.send((yield* get(u)).times(new Rational(n)))
        yield* to.request.receive()
      }
    })
  }

  integrate(constant: Rational, u: Series): Series {
    return this.series(function* (to) {
      yield* put(to, constant)
      for (let n = 1n; ; n++) {
        yield* to.request.receive()
        yield* to.term.send((yield* get(u)).over(n))
      }
    })
  }

  /** e^U, by Z' = ZU': the series is made of itself. */
  exponential(u: Series): Series {
    const back: Series = { request: chan(), term: chan() }
    const [inner, outer] = this.split(this.integrate(one, this.multiply(back, this.differentiate(u))))
    this.group.go(() => copy(inner, back))
    return outer
  }

  /** U(cxⁿ) */
  substitute(u: Series, c: Rational, n: number): Series {
    return this.series(function* (to) {
      for (let power = one; ; power = power.times(c)) {
        yield* to.request.receive()
        yield* to.term.send((yield* get(u)).times(power))
        for (let i = 1; i < n; i++) yield* put(to, zero)
      }
    })
  }

  /** Two series with the terms of one; the lead of one side is buffered for the other. */
  private split(from: Series): [Series, Series] {
    const sides: [Series, Series] = [
      { request: chan(), term: chan() },
      { request: chan(), term: chan() },
    ]
    this.group.go(() => splitter(from, sides))
    return sides
  }
}

function* splitter(from: Series, sides: [Series, Series]): Steps {
  const kept: [Rational[], Rational[]] = [[], []]
  const asked = [false, false]
  let [isAsking, isComing] = [false, false]
  for (;;) {
    const r = yield* select({
      left: !asked[0] && sides[0].request.receive(),
      right: !asked[1] && sides[1].request.receive(),
      asking: isAsking && from.request.send(),
      coming: isComing && from.term.receive(),
    })
    if (r.case === 'asking') [isAsking, isComing] = [false, true]
    else if (r.case !== 'coming') asked[r.case === 'left' ? 0 : 1] = true
    else if (r.value._tag === 'Some') {
      isComing = false
      for (const terms of kept) terms.push(r.value.value)
    }
    for (const i of [0, 1] as const) {
      if (!asked[i]) continue
      const term = kept[i].shift()
      if (term === undefined) isAsking ||= !isComing
      else {
        asked[i] = false
        yield* sides[i].term.send(term)
      }
    }
  }
}

function* first(n: number, series: Series): Steps<string> {
  const terms: Rational[] = []
  while (terms.length < n) terms.push(yield* get(series))
  return terms.join(' ')
}

const exponents =
  '1 1 3/2 13/6 73/24 167/40 4051/720 37633/5040 43817/4480 4596553/362880 58941091/3628800 274691047/13305600 12470162233/479001600 202976401213/6227020800 1178339174801/29059430400'

it.each<[string, number, (a: Algebra, ones: () => Series) => Series, string]>([
  ['ones', 5, (_, ones) => ones(), '1 1 1 1 1'],
  ['twos', 5, (a, ones) => a.add(ones(), ones()), '2 2 2 2 2'],
  ['ones + twos', 5, (a, ones) => a.add(ones(), a.add(ones(), ones())), '3 3 3 3 3'],
  ["ones'", 10, (a, ones) => a.differentiate(ones()), '1 2 3 4 5 6 7 8 9 10'],
  ['∫ ones', 10, (a, ones) => a.integrate(zero, ones()), '0 1 1/2 1/3 1/4 1/5 1/6 1/7 1/8 1/9'],
  ['-1 · ones', 3, (a, ones) => a.scale(new Rational(-1n), ones()), '-1 -1 -1'],
  ['ones - twos', 3, (a, ones) => a.subtract(ones(), a.add(ones(), ones())), '-1 -1 -1'],
  ['ones · ones', 10, (a, ones) => a.multiply(ones(), ones()), '1 2 3 4 5 6 7 8 9 10'],
  ['exp(ones)', 15, (a, ones) => a.exponential(ones()), exponents],
  ['ones(-x²)', 10, (a, ones) => a.substitute(ones(), new Rational(-1n), 2), '1 0 -1 0 1 0 -1 0 1 0'],
  ['arctangent', 10, (a, ones) => a.integrate(zero, a.substitute(ones(), new Rational(-1n), 2)), '0 1 0 -1/3 0 1/5 0 -1/7 0 1/9'],
])('P-02 the power series of %s', async (_, n, make, terms) => {
  const before = numGoroutine()
  const program = go(function* () {
    using ctx = withCancel(background) // ends all goroutines of the series
    const algebra = new Algebra(errgroup(ctx))
    return yield* first(
      n,
      make(algebra, () => algebra.repeat(one)),
    )
  })
  expect(await program.join()).toBe(terms)
  await settle()
  expect(numGoroutine()).toBe(before)
})
