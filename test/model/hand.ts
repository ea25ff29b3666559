/**
 * The run queue turned by hand: while it is held, what becomes ready stays ready until `turn`. So a program of the model runs synchronously,
 * and what happens between a grant and its delivery can be put there on purpose.
 */
import type { Runnable } from '../../src/runtime/internal.js'
import type { Library } from './library.js'

const MOST_STEPS = 10_000
const PUSHES = ['push', 'pushFirst'] as const

export class Hand {
  private readonly ready = new Set<Runnable>()
  private readonly taken

  constructor(
    private readonly library: Library,
    seed: number,
  ) {
    const { queue, Random } = library
    this.taken = queue.takeOver(new Random(seed))
    for (const name of PUSHES) {
      const push = queue[name].bind(queue)
      const pushOnce = (runnable: Runnable): void => {
        if (this.ready.has(runnable)) throw new Error('a waiter was settled twice')
        this.ready.add(runnable)
        push(runnable)
      }
      Object.assign(queue, { [name]: pushOnce })
    }
  }

  /** Runs all that is ready, and what that makes ready. */
  turn(): void {
    const { queue } = this.library
    let steps = 0
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      this.ready.delete(next)
      next.run()
      if (++steps === MOST_STEPS) throw new Error(`still busy after ${MOST_STEPS} steps`)
    }
  }

  release(): void {
    const { queue } = this.library
    for (const name of PUSHES) Reflect.deleteProperty(queue, name) // the prototype's comes to light again
    queue.operations.left = 1
    this.taken.release()
  }
}
