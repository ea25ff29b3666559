/** Failures of a step as an arbitrary: at which calls, and in which way. */
import { Arbitrary, Stream, Value, type Random } from 'fast-check'
import { CanceledError } from '../../runtime/index.js'
import { checkCount, checkMethod } from '../../runtime/internal.js'
import { FailuresAt, type Failures, type FailurePoint, type FailureWay } from './failing-step.js'
import { checkCounts, checkOptions, checkSome } from './options.js'

/** Options of `failures`. */
export interface FailuresOptions {
  /** The most calls that fail; default 1. */
  readonly most?: number
  /** Default all ways. */
  readonly ways?: readonly FailureWay[]
  /** The errors thrown; default mostly an Error that names the call, sometimes another value. */
  readonly errors?: Arbitrary<unknown>
}

const allWays: readonly FailureWay[] = ['throw', 'reject', 'after']

/** The plainest first: shrinking goes toward the first. */
const thrown: readonly ((call: number) => unknown)[] = [
  (call) => new Error(`call ${call} fails`),
  () => undefined,
  () => null,
  () => 'a string',
  () => 0,
  () => false,
  () => ({ message: 'an object' }),
  () => new CanceledError('from elsewhere'),
  () => new Error('with a cause', { cause: new Error('the cause') }),
]

/** The share of values without a failure: 1 in 4. */
const NONE = 4

/** The share of errors that are not plain Errors: 1 in 3. */
const UNUSUAL = 3

/**
 * Failures of a step among its first `calls` calls: none, or up to `most`, each in a way of the list. Shrinks to none,
 * then to fewer, earlier and plainer failures.
 *
 * Throws TypeError or RangeError where `calls` is not a whole number from 1 up, and for bad options.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * const retried = fc.asyncProperty(schedule(), failures(3, { most: 2 }), async (s, fails) => {
 *   await s.run(function* () {
 *     const step = fails.in(function* () {
 *       yield* sleep(10)
 *       return 'done'
 *     })
 *     yield* withRetry(backoff({ attempts: 3 }), step)
 *   })
 * })
 * await fc.assert(retried)
 * ```
 */
export function failures(calls: number, options: FailuresOptions = {}): Arbitrary<Failures> {
  checkCount('failures(calls)', 1, calls)
  checkOptions('failures(calls, options)', options, ['most', 'ways', 'errors'])
  const { most = 1, ways = allWays, errors } = options
  checkCounts('failures', 1, { most })
  checkSome('failures({ ways })', allWays, ways)
  if (errors !== undefined) checkMethod('failures({ errors })', 'an arbitrary', errors, 'generate')
  return new FailuresOf(
    calls,
    most,
    allWays.filter((way) => ways.includes(way)),
    errors ?? null,
  )
}

/** The error of a failure: the index of a built-in error, or a value of the user's arbitrary. */
type Thrown = number | Value<unknown>

/** A failure as drawn. */
interface Part {
  readonly call: number
  /** The index among the allowed ways. */
  readonly way: number
  readonly thrown: Thrown
}

class DrawnFailures extends FailuresAt {
  constructor(
    readonly parts: readonly Part[],
    points: readonly FailurePoint[],
  ) {
    super(points)
  }
}

class FailuresOf extends Arbitrary<Failures> {
  constructor(
    private readonly _calls: number,
    private readonly _most: number,
    private readonly _ways: readonly FailureWay[],
    private readonly _errors: Arbitrary<unknown> | null,
  ) {
    super()
  }

  generate(random: Random, bias: number | undefined): Value<Failures> {
    const n = random.nextInt(1, NONE) === 1 ? 0 : random.nextInt(1, Math.min(this._most, this._calls))
    const calls = new Set<number>()
    while (calls.size < n) calls.add(random.nextInt(1, this._calls))
    const parts = [...calls]
      .sort((a, b) => a - b)
      .map((call) => ({ call, way: random.nextInt(0, this._ways.length - 1), thrown: this._thrown(random, bias) }))
    return this._valueOf(parts)
  }

  canShrinkWithoutContext(value: unknown): value is Failures {
    return value instanceof DrawnFailures
  }

  shrink(value: Failures): Stream<Value<Failures>> {
    return value instanceof DrawnFailures ? new Stream(this._simplerThan(value.parts)) : Stream.nil()
  }

  private _thrown(random: Random, bias: number | undefined): Thrown {
    if (this._errors !== null) return this._errors.generate(random, bias)
    return random.nextInt(1, UNUSUAL) === 1 ? random.nextInt(1, thrown.length - 1) : 0
  }

  private _valueOf(parts: readonly Part[]): Value<Failures> {
    const points = parts.map(({ call, way, thrown: it }) => ({
      call,
      way: this._ways[way],
      error: typeof it === 'number' ? thrown[it](call) : it.value,
    }))
    return new Value<Failures>(new DrawnFailures(parts, points), undefined)
  }

  /** Fewer failures; else an earlier failure, a plainer way, a plainer error. */
  private *_simplerThan(parts: readonly Part[]): Generator<Value<Failures>, void> {
    if (parts.length > 1) yield this._valueOf([])
    for (const [i, { call }] of parts.entries()) {
      const gone = call - (parts[i - 1]?.call ?? 0)
      yield this._valueOf(parts.toSpliced(i, 1))
      if (i < parts.length - 1)
        yield this._valueOf(parts.toSpliced(i, 1).map((part, j) => (j < i ? part : { ...part, call: part.call - gone })))
    }
    for (const [i, part] of parts.entries())
      for (const other of this._plainer(part, parts[i - 1]?.call ?? 0)) yield this._valueOf(parts.with(i, other))
  }

  private *_plainer(part: Part, last: number): Generator<Part, void> {
    const { call, way, thrown: it } = part
    for (const earlier of new Set([last + 1, (last + call) >> 1, call - 1]))
      if (earlier > last && earlier < call) yield { ...part, call: earlier }
    for (let plainer = 0; plainer < way; plainer++) yield { ...part, way: plainer }
    if (typeof it !== 'number') for (const other of this._errors?.shrink(it.value_, it.context) ?? []) yield { ...part, thrown: other }
    else for (let plainer = 0; plainer < it; plainer++) yield { ...part, thrown: plainer }
  }
}
