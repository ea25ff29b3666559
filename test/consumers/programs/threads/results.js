// What a program with threads computes, in each bundle the same.
import { background, chan, withCancel } from 'millrace'
import { collect, fromIterable, workerPool } from 'millrace/operators'
import { threadPool } from 'millrace/threads'
import { work } from './work.js'

export async function results() {
  const pool = threadPool({ size: 2, grace: Infinity, startTimeout: Infinity })
  const squares = await collect(background, fromIterable([1, 2, 3, 4]).pipe(workerPool(4, work.square.on(pool), { ordered: true }))).join()
  const [numbers, doubled] = [chan(3), chan(3)]
  for (const n of [1, 2, 3]) numbers.trySend(n)
  numbers.close()
  await work.doubles.on(pool)(numbers, doubled)
  const doubles = []
  for await (const n of doubled) doubles.push(n)
  const refused = await work.refuse
    .on(pool)(5)
    .then(
      () => 'no error',
      (error) => `${error instanceof RangeError} ${error.message}`,
    )
  const asked = await work.asks.on(pool)(withCancel(background))
  const { threads } = pool.stats()
  await pool.close()
  return { squares: squares.join(), doubles: doubles.join(), refused, asked, threads: threads > 0 }
}
