/** What is sent. */
import fc, { type Arbitrary } from 'fast-check'
import { chan, sleep } from '../../runtime/index.js'
import { none, some } from '../../runtime/internal.js'
import { checkFlags, checkOptions } from './options.js'

export interface PayloadOptions {
  /**
   * Whether among them are values that are work to a stage or an `await`, which performs them: promises, thenables, generators, operations; default true, for a
   * channel carries them as they are.
   */
  readonly work?: boolean
}

/** The plainest first: that is what is shrunk to. Objects are made anew for each. */
const inert: readonly (() => unknown)[] = [
  () => 0,
  () => undefined,
  () => null,
  () => false,
  () => '',
  () => NaN,
  () => -0,
  () => 0n,
  () => Symbol('payload'),
  () => ({}),
  () => [],
  () => Object.create(null) as object, // an object without a prototype
  () => Object.freeze({ frozen: true }),
  () => () => 'a function',
  () => new Error('a value, not a failure'),
  () => none, // what a receive answers
  () => some(undefined),
  () => ({ _tag: 'Left', left: 'closed' }),
  () => ({ done: true, value: undefined }),
  () => new Map([[NaN, undefined]]),
  () => chan(),
]

const work: readonly (() => unknown)[] = [
  () => Promise.resolve(undefined),
  () => new Promise(() => undefined),
  () => ({ then: (f: (value: unknown) => void) => f('a thenable was awaited') }),
  () => sleep(1),
  function* work() {
    yield* sleep(1)
  },
]

/**
 * Values that are easily taken for something else: for nothing, for the end, for a failure, for work. A channel carries each unchanged, and the same object, not
 * its like: compare with `Object.is`. Shrinks to 0, by way of the plainer ones.
 *
 * Throws TypeError for bad options.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 *
 * const carried = fc.property(payload(), (value) => {
 *   const ch = chan<unknown>(1)
 *   ch.trySend(value)
 *   const got = ch.tryReceive()
 *   return got._tag === 'Right' && Object.is(got.right, value)
 * })
 * fc.assert(carried)
 * ```
 */
export function payload(options: PayloadOptions = {}): Arbitrary<unknown> {
  checkOptions('payload(options)', options)
  const { work: hasWork = true } = options
  checkFlags('payload', { work: hasWork })
  const makers = hasWork ? [...inert, ...work] : inert
  return fc.nat(makers.length - 1).map((i) => makers[i]())
}
