// The module that each thread evaluates.
import { range } from 'millrace'
import { onThreads } from 'millrace/threads'

export const work = onThreads(import.meta, {
  square: (n) => n * n,
  *doubles(numbers, results) {
    for (const it = range(numbers); yield* it.next();) yield* results.send(2 * it.value)
    results.close()
  },
  refuse(n) {
    throw new RangeError(`${n} is refused`)
  },
  asks(ctx) {
    return ctx.err()._tag
  },
})
