import { pathToFileURL } from 'node:url'
import { background, sleep, withCancel } from 'millrace'
import { LineTooLongError, readLines } from 'millrace/node/operators'
import { bounds, collect, run, workerPool } from 'millrace/operators'
import { take } from 'rxjs'
import { expect, it } from 'vitest'
import { folder } from './folder.js'
import { descriptorsOf } from './open-streams.js'

it('emits each line, from a path or an URL', async () => {
  using place = folder({ a: 'ada\r\n\ngrace', empty: '' })
  for (const path of [place.at('a'), pathToFileURL(place.at('a'))])
    expect(await collect(background, readLines(path)).join()).toEqual(['ada', '', 'grace'])
  expect(await collect(background, readLines(place.at('empty'))).join()).toEqual([])
})

it('opens the file for each subscriber, and is bounded', async () => {
  using place = folder({ a: '1\n2\n' })
  const source = readLines(place.at('a'))
  expect([await collect(background, source).join(), await collect(background, source).join()]).toEqual([
    ['1', '2'],
    ['1', '2'],
  ])
  expect(bounds(source).items).toBe(2)
})

it('the descriptor is free when the run has ended: at the end, when the subscriber leaves, when a stage below fails, and at a cancel', async () => {
  using place = folder({ a: 'line of text\n'.repeat(100_000) })
  const source = () => readLines(place.at('a'))
  await run(background, source()).join()
  await run(background, source().pipe(take(3))).join()
  const fails = workerPool(1, () => Promise.reject(new Error('no')))
  await run(background, source().pipe(fails)).join().attempt()
  const ctx = withCancel(background)
  const running = run(ctx, source().pipe(workerPool(1, () => sleep(1))))
  await sleep(5)
  ctx.cancel()
  await running.join().attempt()
  expect(descriptorsOf(place.at('a'))).toBe(0)
})

it('fails with the error of the host, and with LineTooLongError', async () => {
  using place = folder({ a: 'x'.repeat(100) })
  await expect(collect(background, readLines(place.at('none'))).join()).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(collect(background, readLines(place.path)).join()).rejects.toMatchObject({ code: 'EISDIR' })
  await expect(collect(background, readLines(place.at('a'), { maxLength: 10 })).join()).rejects.toBeInstanceOf(LineTooLongError)
})
