import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { background, sleep, withCancel } from 'millrace'
import { walk, type WalkEntry, type WalkOptions } from 'millrace/node/operators'
import { bounds, collect, run, workerPool } from 'millrace/operators'
import { take } from 'rxjs'
import { expect, it } from 'vitest'
import { folder } from './folder.js'
import { descriptorsOf } from './open-streams.js'

const tree = { 'a.txt': '', 'docs/b.txt': '', 'docs/deep/c.txt': '', 'src/d.txt': '' }

async function namesIn(path: string, options?: WalkOptions): Promise<string[]> {
  const entries = await collect(background, walk(path, options)).join()
  return entries.map((entry) => relative(path, entry.path)).sort()
}

it('emits each entry once, with its kind and its depth', async () => {
  using place = folder(tree)
  symlinkSync(place.path, place.at('docs/loop'))
  const kindOf = ({ isFile, isDirectory, isSymbolicLink }: WalkEntry) =>
    [isFile && 'file', isDirectory && 'directory', isSymbolicLink && 'link'].filter(Boolean).join()
  const entries = await collect(background, walk(pathToFileURL(place.path))).join()
  const rows = entries.map((entry) => `${relative(place.path, entry.path)} ${entry.name} ${entry.depth} ${kindOf(entry)}`)
  expect(rows.sort()).toEqual([
    'a.txt a.txt 0 file',
    'docs docs 0 directory',
    'docs/b.txt b.txt 1 file',
    'docs/deep deep 1 directory',
    'docs/deep/c.txt c.txt 2 file',
    'docs/loop loop 1 link',
    'src src 0 directory',
    'src/d.txt d.txt 1 file',
  ])
})

it('a directory comes before its entries', async () => {
  using place = folder(tree)
  const paths = (await collect(background, walk(place.path)).join()).map(({ path }) => relative(place.path, path))
  for (const [above, below] of [
    ['docs', 'docs/b.txt'],
    ['docs/deep', 'docs/deep/c.txt'],
    ['src', 'src/d.txt'],
  ])
    // prettier-ignore
    expect(paths.indexOf(above)).toBeLessThan(paths.indexOf(below))
})

it('maxDepth and skip leave entries out', async () => {
  using place = folder(tree)
  expect(await namesIn(place.path, { maxDepth: 0 })).toEqual(['a.txt', 'docs', 'src'])
  expect(await namesIn(place.path, { skip: ({ name }) => name === 'docs' })).toEqual(['a.txt', 'src', 'src/d.txt'])
})

it('a directory that cannot be read ends the walk with the error of the host, or is handed to onError', async () => {
  using place = folder(tree)
  await expect(namesIn(place.at('none'))).rejects.toMatchObject({ code: 'ENOENT' })
  const seen: unknown[] = []
  const skip = ({ name }: WalkEntry) => {
    if (name === 'docs') rmSync(place.at('docs'), { recursive: true }) // it goes away during the walk
    return false
  }
  const onError = (error: unknown, path: string) => void seen.push([(error as NodeJS.ErrnoException).code, relative(place.path, path)])
  expect(await namesIn(place.path, { skip, onError })).toEqual(['a.txt', 'docs', 'src', 'src/d.txt'])
  expect(seen).toEqual([['ENOENT', 'docs']])
})

it('fails with the error of skip', async () => {
  using place = folder(tree)
  const error = new Error('no')
  const skip = () => {
    throw error
  }
  await expect(namesIn(place.path, { skip })).rejects.toBe(error)
})

it('one directory is open at a time, and none when the run has ended', async () => {
  using place = folder()
  mkdirSync(place.at(Array.from({ length: 50 }, () => 'd').join('/')), { recursive: true })
  const open = () => descriptorsOf(place.path)
  let most = 0
  const look = workerPool(1, async () => void (most = Math.max(most, open())))
  await run(background, walk(place.path).pipe(look)).join()
  expect([most <= 1, open()]).toEqual([true, 0])
  await run(background, walk(place.path).pipe(take(2))).join()
  const ctx = withCancel(background)
  const running = run(ctx, walk(place.path).pipe(workerPool(1, () => sleep(5))))
  await sleep(8)
  ctx.cancel()
  await running.join().attempt()
  expect([open(), bounds(walk(place.path)).items]).toEqual([0, 1])
})
