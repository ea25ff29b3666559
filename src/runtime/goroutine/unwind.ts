/**
 * Unwinding a goroutine: the generator's `return`, innermost first. A helper reached by `yield*` finishes its
 * `finally`, waits included, before its caller returns.
 *
 * JavaScript alone does this only while no `finally` waits: it forgets a `return` whose inner `finally` yields, and
 * resumes the caller's body as if the helper had returned. So `descend` records the generators that a `return` reaches.
 * Where one of them waits, `next` continues it by itself, and then returns its callers one after the other.
 */
import { descend } from './descent.js'

/** The result of a generator that was unwound and does not override it by a `return` or `throw` in a `finally`. */
export const UNWOUND = Symbol('unwound')

export class Unwinding {
  /** The generators that are not done, outermost first. The last one waits. */
  private readonly _chain: Generator[] = []

  constructor(private readonly outermost: Generator) {}

  /**
   * Runs until a generator waits or the outermost is done: with UNWOUND, with the value of a `finally`, or its throw.
   * The second call and later ones continue after a `finally` that waited.
   */
  next(): IteratorResult<unknown> {
    const chain = this._chain
    let step = chain.length === 0 ? () => descend(this.outermost, UNWOUND, chain) : () => advance(chain, (waiting) => waiting.next())
    for (;;) {
      let result: IteratorResult<unknown>
      try {
        result = step()
      } catch (error) {
        if (chain.length === 0) throw error
        step = () => advance(chain, (outer) => outer.throw(error))
        continue
      }
      if (result.done !== true || chain.length === 0) return result
      step = () => advance(chain, (outer) => outer.return(UNWOUND)) // and not the value of the helper: its caller was cut off
    }
  }
}

/** Steps the innermost generator, which leaves the chain where it is done. */
function advance(chain: Generator[], how: (innermost: Generator) => IteratorResult<unknown>): IteratorResult<unknown> {
  let isDone = true
  try {
    const result = how(chain[chain.length - 1]) // the outermost at least is not done
    isDone = result.done === true
    return result
  } finally {
    if (isDone) chain.pop()
  }
}
