/**
 * Unwinding a goroutine: the generator's `return`, innermost first. A helper reached by `yield*` finishes its
 * `finally`, waits included, before its caller returns.
 *
 * JavaScript alone does not do this: it forgets a `return` whose inner `finally` yields, and resumes the caller's body
 * as if the helper had returned. So the chain of delegation is found first, and each generator in it is driven by
 * itself, from the inside out.
 *
 * The language has no way to read the chain; but it looks up `return` on every delegate on the way in. So a recording
 * `return` stands in the generators' prototype for the length of one call, in which no user code runs: the innermost
 * delegate is an operation, whose `return` then returns "not done", so that everything stays as it is.
 */
import { probing, TOKEN } from '../operation/performer.js'

/** The result of a generator that was unwound and does not override it by a `return` or `throw` in a `finally`. */
export const UNWOUND = Symbol('unwound')

interface GeneratorPrototype {
  return: (this: Generator, value: unknown) => IteratorResult<unknown>
}

const prototype = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())) as GeneratorPrototype // the prototype of all generators, which has no name in the language
const plainReturn = prototype.return

/** The generators from the outermost to the innermost, which performs the operation that the goroutine waits for. */
function chainOf(outermost: Generator): Generator[] {
  const chain: Generator[] = []
  function recordingReturn(this: Generator, value: unknown): IteratorResult<unknown> {
    chain.push(this)
    return plainReturn.call(this, value)
  }
  // Where the prototype is frozen, the outermost generator is unwound as the language does it.
  if (!Reflect.set(prototype, 'return', recordingReturn)) return [outermost]
  probing.on = true
  try {
    if (!Object.prototype.isPrototypeOf.call(prototype, outermost)) chain.push(outermost) // a wrapper of a generator: the generator records itself
    outermost.return(TOKEN)
  } finally {
    probing.on = false
    prototype.return = plainReturn
  }
  return chain
}

export class Unwinding {
  private readonly _chain: Generator[]

  constructor(outermost: Generator) {
    this._chain = chainOf(outermost)
  }

  begin(): IteratorResult<unknown> {
    return this._drive((innermost) => innermost.return(UNWOUND))
  }

  /** Continues after a `finally` waited. */
  resume(): IteratorResult<unknown> {
    return this._drive((innermost) => innermost.next())
  }

  /**
   * Runs until a generator waits or the outermost is done: with UNWOUND, with the value that a `finally` returned, or
   * with its throw.
   */
  private _drive(how: (innermost: Generator) => IteratorResult<unknown>): IteratorResult<unknown> {
    const chain = this._chain
    let step = how
    for (;;) {
      const innermost = chain[chain.length - 1] // the chain is never empty here
      let result: IteratorResult<unknown>
      try {
        result = step(innermost)
      } catch (error) {
        chain.pop()
        if (chain.length === 0) throw error
        step = (outer) => outer.throw(error)
        continue
      }
      if (result.done !== true) return result
      chain.pop()
      if (chain.length === 0) return result
      step = (outer) => outer.return(result.value)
    }
  }
}
