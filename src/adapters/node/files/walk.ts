import type { Dir, Dirent } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Observable } from 'rxjs'
import { fromGoroutine } from '../../../operators/index.js'
import { currentScope, described, under } from '../../../operators/internal.js'
import { fromPromise, type Sender } from '../../../runtime/index.js'
import { checkFunction, checkOptions, checkTime, outOfRange } from '../../../runtime/internal.js'
import { checkPath } from './path.js'

/** An entry of a directory. */
export interface WalkEntry {
  /** The path: that of the directory of the walk, and the names below it. */
  readonly path: string
  /** The last part of the path. */
  readonly name: string
  /** Directories between this entry and the directory of the walk: 0 for its own entries. */
  readonly depth: number
  readonly isFile: boolean
  readonly isDirectory: boolean
  readonly isSymbolicLink: boolean
}

/** Options of `walk`. */
export interface WalkOptions {
  /** The greatest `depth` of an entry; default Infinity. */
  readonly maxDepth?: number
  /** True for an entry that is passed over, with everything below it; default none. */
  readonly skip?: (entry: WalkEntry) => boolean
  /** Receives the error of a directory that cannot be read, and the walk goes on; default: the error ends the walk. */
  readonly onError?: (error: unknown, path: string) => void
}

/** A directory that is still to be read. */
interface Unread {
  readonly path: string
  readonly depth: number
}

/**
 * A source of the entries of a directory and of all directories below it, as fast as the pipeline takes them.
 *
 * Shape: an item for each entry; the entries of a directory come before those of its directories, in the order of the
 * host. Links are entries, and are not followed. Holds 1 item; one directory is open at a time, and the paths of
 * directories that are still to be read are kept. Completes after the last entry. Fails with the error of the host for a
 * directory that cannot be read, the same object, unless `onError` takes it; with the error of `skip` and `onError`. A
 * subscriber that leaves, and the end of the context, close the directory, and `run` waits for that. Throws TypeError and RangeError for
 * bad arguments. Source: Go's `filepath.WalkDir`; its `SkipDir` is `skip`.
 *
 * @example
 * ```ts
 * import { mkdirSync, writeFileSync } from 'node:fs'
 *
 * mkdirSync('/tmp/tree/docs', { recursive: true })
 * writeFileSync('/tmp/tree/docs/a.md', '')
 * const pages = walk('/tmp/tree', { skip: ({ name }) => name === 'node_modules' }).pipe(filter(({ isFile }) => isFile))
 * console.log(yield* collect(ctx, pages.pipe(map(({ name }) => name))).join()) // [ 'a.md' ]
 * ```
 */
export function walk(dir: string | URL, options: WalkOptions = {}): Observable<WalkEntry> {
  checkPath('walk(dir)', dir)
  checkOptions('walk(dir, options)', options, ['maxDepth', 'skip', 'onError'])
  const { maxDepth = Infinity, skip, onError } = options
  checkTime('walk(dir, { maxDepth })', maxDepth)
  if (maxDepth < 0) throw outOfRange('walk(dir, { maxDepth })', 'a number from 0 up', maxDepth)
  if (skip !== undefined) checkFunction('walk(dir, { skip })', skip)
  if (onError !== undefined) checkFunction('walk(dir, { onError })', onError)
  const root = dir instanceof URL ? fileURLToPath(dir) : dir
  return described<WalkEntry>({ name: 'walk', holds: 1 }, (subscriber) => {
    const walking = fromGoroutine<WalkEntry>((emit) => walked({ path: root, depth: 0 }, { ...options, maxDepth }, emit))
    under(currentScope(), () => walking.subscribe(subscriber))
  })
}

function* walked(root: Unread, options: WalkOptions & { maxDepth: number }, emit: Sender<WalkEntry>): Generator<never, void> {
  const unread = [root]
  for (let next = unread.pop(); next !== undefined; next = unread.pop()) {
    const found = yield* entriesOf(next, options, emit)
    unread.push(...found.reverse())
  }
}

/** Emits the entries of a directory. Returns the directories among them that are to be read. */
function* entriesOf(
  { path, depth }: Unread,
  { maxDepth, skip, onError }: WalkOptions & { maxDepth: number },
  emit: Sender<WalkEntry>,
): Generator<never, Unread[]> {
  const found: Unread[] = []
  const opening = opendir(path, { bufferSize: 256 })
  try {
    for (;;) {
      const dirent = yield* readOf(opening).attempt()
      if (dirent._tag === 'Left') {
        if (onError === undefined) throw dirent.left
        onError(dirent.left, path)
        return found
      }
      if (dirent.right === null) return found
      const entry = entryOf(dirent.right, path, depth)
      if (skip?.(entry) === true) continue
      yield* emit.send(entry)
      if (entry.isDirectory && depth < maxDepth) found.push({ path: entry.path, depth: depth + 1 })
    }
  } finally {
    yield* fromPromise(closed(opening)) // also where the directory was being opened
  }
}

const readOf = (opening: Promise<Dir>) => fromPromise(opening.then((dir) => dir.read()))

const closed = (opening: Promise<Dir>): Promise<void> =>
  opening.then(
    async (dir) => {
      if ('Deno' in globalThis) await readToEnd(dir)
      await dir.close()
    },
    () => {}, // its reader has the error
  )

/** In Deno `close` leaves the descriptor to the collector: only a directory that is read to its end is closed. */
async function readToEnd(dir: Dir): Promise<void> {
  try {
    while ((await dir.read()) !== null);
  } catch {
    // its reader has the error, or nobody wants it any more
  }
}

function entryOf(dirent: Dirent, parent: string, depth: number): WalkEntry {
  return {
    path: join(parent, dirent.name),
    name: dirent.name,
    depth,
    isFile: dirent.isFile(),
    isDirectory: dirent.isDirectory(),
    isSymbolicLink: dirent.isSymbolicLink(),
  }
}
