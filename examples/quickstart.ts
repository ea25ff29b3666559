/** A pool of three workers that squares numbers, and a channel that carries the results to a goroutine. */
import { chan, range, sleep } from 'millrace'
import { main } from 'millrace/node'
import { fromIterable, run, sendTo, workerPool } from 'millrace/operators'

main(function* (ctx) {
  const squares = chan<number>()

  const pool = run(
    ctx,
    fromIterable([1, 2, 3, 4, 5]).pipe(
      workerPool(3, square, { ordered: true }), // three at a time, and no more read than that
      sendTo(squares, { close: true }),
    ),
  )

  for (const it = range(squares); yield* it.next();) console.log(it.value)
  yield* pool.join()
})

function* square(n: number) {
  yield* sleep(10)
  return n * n
}
