/**
 * Unwinding a goroutine: the generator's `return`, innermost first. A helper reached by `yield*` finishes its `finally`, waits included,
 * before its caller returns.
 *
 * JavaScript alone does not do this: it forgets a `return` whose inner `finally` yields, and resumes the caller's body as if the helper had
 * returned. So the chain of delegation is found first, and each generator in it is driven by itself, from the inside out.
 *
 * The chain cannot be asked for; but `return` is looked up on every delegate on the way in. So a recording `return` stands in the generators'
 * prototype for the length of one call, in which no user code runs: the innermost delegate is an operation of ours, and answers that it is
 * not done, so that everything stays as it is.
 */
import { probing, TOKEN } from '../operation/operation.js'

/** What a generator returns when nothing in it overrides the unwinding. */
export const UNWOUND = Symbol('unwound')

interface GeneratorPrototype {
  return: (this: Generator, value: unknown) => IteratorResult<unknown>
}

const prototype = Object.getPrototypeOf(Object.getPrototypeOf((function* () {})())) as GeneratorPrototype // what all generators inherit from
const plainReturn = prototype.return

/** The generators from the outermost to the one that performs the operation the goroutine waits at. */
function chainOf(outermost: Generator): Generator[] {
  const chain: Generator[] = []
  function recordingReturn(this: Generator, value: unknown): IteratorResult<unknown> {
    chain.push(this)
    return plainReturn.call(this, value)
  }
  // Where the prototype is frozen the caller's own generator is unwound as the language does it.
  if (!Reflect.set(prototype, 'return', recordingReturn)) return [outermost]
  probing.on = true
  try {
    if (!Object.prototype.isPrototypeOf.call(prototype, outermost)) chain.push(outermost) // a wrapper: what it passes on records itself
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

  /** A `finally` waited, and what it waited for is there. */
  resume(): IteratorResult<unknown> {
    return this._drive((innermost) => innermost.next())
  }

  /** Until one of them waits, or the outermost is done: with UNWOUND, with what a `finally` returned, or by the throw of one. */
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
