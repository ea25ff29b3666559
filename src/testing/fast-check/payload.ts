/** Values to send, as an arbitrary. */
import fc, { type Arbitrary } from 'fast-check'
import { chan, sleep } from '../../runtime/index.js'
import { none, some } from '../../runtime/internal.js'
import { checkFlags, checkOptions } from './options.js'

/** Options of `payload`. */
export interface PayloadOptions {
  /**
   * Whether to draw values that a stage or an `await` would perform: promises, thenables, generators, operations.
   * Default true: a channel carries them unchanged.
   */
  readonly work?: boolean
}

/** The plainest first: shrinking goes toward the first. Each draw makes a new object. */
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
  () => none, // the result of a receive on a closed channel
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
 * Values that code easily takes for something else: for no value, for the end, for a failure, for work. A channel
 * carries each value unchanged, and an object by identity: compare with `Object.is`. Shrinks to 0, through the plainer
 * values.
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
  checkOptions('payload(options)', options, ['work'])
  const { work: hasWork = true } = options
  checkFlags('payload', { work: hasWork })
  const makers = hasWork ? [...inert, ...work] : inert
  return fc.nat(makers.length - 1).map((i) => makers[i]())
}
