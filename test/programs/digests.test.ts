import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  background,
  chan,
  errgroup,
  go,
  gosched,
  numGoroutine,
  range,
  select,
  type Context,
  type ErrGroup,
  type Receiver,
  type Sender,
} from 'millrace'
import { settle } from '../support/settle.js'

/** A tree of files that are read in a few steps; how many are open at once is counted. */
class Files {
  open = 0
  mostOpen = 0
  readonly walked: string[] = []
  private readonly texts: Record<string, string> = {
    'a.txt': 'alpha\n',
    'b.txt': 'beta\n',
    'c.txt': 'gamma\n',
    'dir/d.txt': '',
    'dir/e.txt': 'the quick brown fox\n',
  }

  constructor(
    private readonly broken: string | null = null,
    more = 0,
  ) {
    for (let i = 0; i < more; i++) this.texts[`more/${i}.txt`] = ''
  }

  *read(path: string) {
    this.mostOpen = Math.max(this.mostOpen, ++this.open)
    try {
      for (let i = 0; i < 3; i++) yield* gosched()
      if (path === this.broken) throw new Error('boom')
      return this.texts[path]
    } finally {
      this.open--
    }
  }

  *paths() {
    for (const path of Object.keys(this.texts)) {
      this.walked.push(path)
      yield path
    }
  }
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

type Digests = Map<string, string>
type Digest = readonly [path: string, sum: string]

function* serial(files: Files): Generator<never, Digests> {
  const sums: Digests = new Map()
  for (const path of files.paths()) sums.set(path, md5(yield* files.read(path)))
  return sums
}

/** All files at once. */
function* parallel(files: Files): Generator<never, Digests> {
  const group = errgroup(background)
  const sums: Digests = new Map()
  for (const path of files.paths())
    group.go(function* () {
      sums.set(path, md5(yield* files.read(path)))
    })
  yield* group.wait()
  return sums
}

/** A walker, three digesters and a collector. */
function* bounded(files: Files): Generator<never, Digests> {
  const group = errgroup(background)
  const paths = chan<string>()
  const digests = chan<Digest>()
  group.go((ctx) => walker(ctx, files, paths))
  group.go(() => digesters(group.ctx, files, paths, digests))
  const sums: Digests = new Map()
  group.go(function* collector() {
    for (const it = range(digests); yield* it.next();) sums.set(...it.value)
  })
  yield* group.wait()
  return sums
}

function* walker(ctx: Context, files: Files, paths: Sender<string>) {
  for (const path of files.paths()) if ((yield* select({ sent: paths.send(path), stop: ctx.done() })).case === 'stop') return
  paths.close()
}

function* digesters(ctx: Context, files: Files, paths: Receiver<string>, digests: Sender<Digest>) {
  const group: ErrGroup = errgroup(ctx)
  for (let i = 0; i < 3; i++)
    group.go(function* digester() {
      for (const it = range(paths); yield* it.next();) yield* digests.send([it.value, md5(yield* files.read(it.value))])
    })
  yield* group.wait()
  digests.close()
}

const versions: [string, (files: Files) => Generator<never, Digests>][] = [
  ['one after the other', serial],
  ['all at once', parallel],
  ['three at a time', bounded],
]

describe('P-07 digests of a tree of files', () => {
  it.each(versions)('P-07 %s they are the same', async (_, digestAll) => {
    const before = numGoroutine()
    const sums = await go(digestAll, new Files()).join()
    expect([...sums].sort()).toEqual([
      ['a.txt', '9f9f90dbe3e5ee1218c86b8839db1995'],
      ['b.txt', 'f0cf2a92516045024a0c99147b28f05b'],
      ['c.txt', '303febb9068384eca46b5b6516843b35'],
      ['dir/d.txt', 'd41d8cd98f00b204e9800998ecf8427e'],
      ['dir/e.txt', '73ab1c2afe3a63b8ab4d7da2a4ddb351'],
    ])
    await settle()
    expect(numGoroutine()).toBe(before)
  })

  it('P-07 with three digesters never more than three files are open', async () => {
    const files = new Files()
    await go(bounded, files).join()
    expect(files.mostOpen).toBeGreaterThan(1)
    expect(files.mostOpen).toBeLessThanOrEqual(3)
  })

  it.each(versions)('P-07 %s, a file that cannot be read fails the whole, and nothing is left running', async (_, digestAll) => {
    const before = numGoroutine()
    const files = new Files('c.txt')
    await expect(go(digestAll, files).join()).rejects.toThrow('boom')
    await settle()
    expect(numGoroutine()).toBe(before)
    expect(files.open).toBe(0)
  })

  it('P-07 the walker stops where a digester fails', async () => {
    const files = new Files('a.txt', 1000)
    await expect(go(bounded, files).join()).rejects.toThrow('boom')
    expect(files.walked.length).toBeLessThan(100) // a few, depending on the interleaving
  })
})
