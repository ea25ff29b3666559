/** The calls that goroutines make on a structure, as a value of fast-check that prints as text. */
import fc, { toStringMethod, type Arbitrary } from 'fast-check'

/** A call of a method: its name and its arguments. */
export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
}

/** The calls of a few goroutines, each in order; prints as `g1: push(1), pop(); g2: pop()`. */
export class Calls {
  constructor(readonly goroutines: readonly (readonly Call[])[]) {}

  /** The calls as text. */
  toString(): string {
    return this.goroutines.map((calls, i) => `g${i + 1}: ${calls.map(callText).join(', ')}`).join('; ')
  }

  /** How fast-check prints the calls. */
  [toStringMethod](): string {
    return this.toString()
  }
}

export function callText({ method, args }: Call): string {
  return `${method}(${args.map((arg) => fc.stringify(arg)).join(', ')})`
}

/** The highest numbers of goroutines, and of calls of each. */
export interface CallBounds {
  readonly goroutines: number
  readonly calls: number
}

export function callsOf(
  operations: Readonly<Record<string, readonly Arbitrary<unknown>[]>>,
  { goroutines, calls }: CallBounds,
): Arbitrary<Calls> {
  const each = Object.entries(operations).map(([method, args]) => fc.record({ method: fc.constant(method), args: fc.tuple(...args) }))
  const ofOne = fc.array(fc.oneof(...each), { minLength: 1, maxLength: calls })
  return fc.array(ofOne, { minLength: 1, maxLength: goroutines, size: 'max' }).map((all) => new Calls(all))
}
