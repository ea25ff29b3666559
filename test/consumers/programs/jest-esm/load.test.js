import { background } from 'millrace'
import { collect, fromIterable, workerPool } from 'millrace/operators'

test('loads', async () => {
  const doubled = fromIterable([1, 2]).pipe(workerPool(1, (n) => n * 2))
  expect(await collect(background, doubled).join()).toEqual([2, 4])
})
