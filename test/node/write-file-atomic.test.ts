import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { background, go, sleep, withCancel } from 'millrace'
import { writeFileAtomic, type WriteFileOptions } from 'millrace/node/operators'
import { bounds, fromIterable, relay, run } from 'millrace/operators'
import { concat, NEVER, throwError, type Observable } from 'rxjs'
import { expect, it } from 'vitest'
import { folder } from './folder.js'
import { descriptorsOf } from './open-streams.js'
import { unhandledRejections } from '../support/unhandled.js'

const write = (path: string | URL, source: Observable<string | Uint8Array>, options?: WriteFileOptions) =>
  run(background, source.pipe(writeFileAtomic(path, options))).join()

it('writes strings and bytes, once and in order', async () => {
  using place = folder({ a: 'old' })
  const items = Array.from({ length: 20_000 }, (_, i) => `${i}\n`)
  await write(place.at('a'), fromIterable(items))
  expect(readFileSync(place.at('a'), 'utf8')).toBe(items.join(''))
  await write(pathToFileURL(place.at('b')), fromIterable([new Uint8Array([104]), 'é', Buffer.alloc(2 ** 20, 120)]))
  expect(readFileSync(place.at('b'), 'utf8')).toBe(`hé${'x'.repeat(2 ** 20)}`)
  await write(place.at('empty'), fromIterable([]))
  expect(readdirSync(place.path).sort()).toEqual(['a', 'b', 'empty'])
})

it('a reader sees the old file until the end', async () => {
  using place = folder({ a: 'old' })
  const seen: string[] = []
  function* items() {
    for (let i = 0; i < 3; i++) {
      seen.push(readFileSync(place.at('a'), 'utf8'))
      yield 'x'.repeat(100_000)
    }
  }
  await write(place.at('a'), fromIterable(items()))
  expect([seen, statSync(place.at('a')).size]).toEqual([['old', 'old', 'old'], 300_000])
})

it('where the source fails or the context ends, the old file stays, and nothing is left beside it', async () => {
  using place = folder({ a: 'old' })
  using unhandled = unhandledRejections()
  const error = new Error('source')
  const failing = concat(
    fromIterable(['new']),
    throwError(() => error),
  )
  await expect(write(place.at('a'), failing)).rejects.toBe(error)
  expect([readdirSync(place.path), readFileSync(place.at('a'), 'utf8')]).toEqual([['a'], 'old'])
  for (const ms of [0, 1, 20]) {
    const ctx = withCancel(background)
    const running = run(ctx, concat(fromIterable(['new']), NEVER).pipe(writeFileAtomic(place.at('a'))))
    await sleep(ms)
    ctx.cancel()
    await running.join().attempt()
    expect([readdirSync(place.path), readFileSync(place.at('a'), 'utf8')]).toEqual([['a'], 'old'])
  }
  expect([descriptorsOf(place.path), unhandled.reasons]).toEqual([0, []])
})

it('a cancel at any moment leaves the old file or the new one, and nothing beside it', async () => {
  using place = folder({ a: 'old' })
  const texts = new Set<string>()
  for (let i = 0; i < 40; i++) {
    const running = go(() => write(place.at('a'), fromIterable(['n', 'e', 'w'])))
    const ctx = withCancel(background)
    const ended = run(ctx, fromIterable(['n', 'e', 'w']).pipe(writeFileAtomic(place.at('a')))).join()
    await running.join()
    await sleep(i / 20)
    ctx.cancel()
    await ended.attempt()
    texts.add(readFileSync(place.at('a'), 'utf8'))
    expect(readdirSync(place.path)).toEqual(['a'])
  }
  expect([...texts]).toEqual(['new'])
})

it('keeps the permissions of the file that it replaces, takes a mode, and follows a link', async () => {
  using place = folder({ a: 'old' })
  chmodSync(place.at('a'), 0o640)
  symlinkSync(place.at('a'), place.at('link'))
  await write(place.at('link'), fromIterable(['new']))
  await write(place.at('secret'), fromIterable(['s']), { mode: 0o600 })
  const modes = ['a', 'secret'].map((name) => statSync(place.at(name)).mode & 0o777)
  expect([readFileSync(place.at('a'), 'utf8'), lstatSync(place.at('link')).isSymbolicLink(), modes]).toEqual(['new', true, [0o640, 0o600]])
})

it('fails with the error of the host, and with that of an item of another type', async () => {
  using place = folder({ a: 'old', 'dir/b': '' })
  await expect(write(place.at('none/a'), fromIterable(['x']))).rejects.toMatchObject({ code: 'ENOENT' })
  await expect(write(place.at('dir'), fromIterable(['x']))).rejects.toMatchObject({ code: 'EISDIR' })
  await expect(write(place.at('a'), fromIterable([1 as never]))).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  expect([readdirSync(place.path).sort(), readFileSync(place.at('a'), 'utf8')]).toEqual([['a', 'dir'], 'old'])
})

it('states its bound: 1 item beside those of the stages above', async () => {
  using place = folder()
  expect(bounds(fromIterable(['a']).pipe(relay(), writeFileAtomic(place.at('a')))).items).toBeLessThanOrEqual(3)
})

it('follows links to a file that is not there yet, and refuses links in a ring', async () => {
  using place = folder({ 'real/other': '' })
  symlinkSync('real/second', place.at('first'))
  symlinkSync('../made', place.at('real/second'))
  await write(place.at('first'), fromIterable(['new']))
  expect(readFileSync(place.at('made'), 'utf8')).toBe('new')
  expect([lstatSync(place.at('first')).isSymbolicLink(), lstatSync(place.at('real/second')).isSymbolicLink()]).toEqual([true, true])
  symlinkSync('ring', place.at('ring'))
  await expect(write(place.at('ring'), fromIterable(['new']))).rejects.toMatchObject({ code: 'ELOOP' })
  expect(readdirSync(place.path).sort()).toEqual(['first', 'made', 'real', 'ring'])
})
