import { background } from 'millrace'
import { collect, fromIterable, run } from 'millrace/operators'
import { ndjson, NdjsonError } from 'millrace/web/operators'
import { map } from 'rxjs'
import { expect, it } from 'vitest'

it('reads values of every kind, skips empty lines, and needs no end at the last', async () => {
  const values = fromIterable(['{"a":1}\n\n', ' \r\n', 'null\n"x', '"\n[1,2]']).pipe(ndjson())
  expect(await collect(background, values).join()).toEqual([{ a: 1 }, null, 'x', [1, 2]])
})

it('a line that is no JSON names its number and its text, after the values before it', async () => {
  const seen: unknown[] = []
  const pipeline = fromIterable(['{"a":1}\n{"a":', '\n{"a":3}\n']).pipe(
    ndjson(),
    map((value) => seen.push(value)),
  )
  const end = await run(background, pipeline).join().attempt()
  expect(end).toMatchObject({ left: { line: 2, text: '{"a":' } })
  expect(end._tag === 'Left' && end.left).toBeInstanceOf(NdjsonError)
  expect(seen).toEqual([{ a: 1 }])
})

it('a last line that is cut off fails', async () => {
  await expect(run(background, fromIterable(['{"a":1}\n{"a"']).pipe(ndjson())).join()).rejects.toMatchObject({ line: 2 })
})
