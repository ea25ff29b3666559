/** All files of a folder, each digested on a thread. */
import type { Context, Either, Job } from 'millrace'
import { walk } from 'millrace/node/operators'
import { run, workerPool } from 'millrace/operators'
import { threadPool } from 'millrace/threads'
import { filter, tap } from 'rxjs'
import type { FileDigest } from './digest.js'
import { digestFile } from './on-threads.js'

export type Outcome = Either<unknown, FileDigest>

export interface Work {
  readonly folder: string
  readonly threads: number
  /** Called for each file, in the order of their ends; with the error of a file that cannot be read. */
  readonly done: (path: string, outcome: Outcome) => void
}

/** Files that are on their way for each thread: one that it digests, and one ahead. */
const AHEAD = 2

export async function onOurThreads(ctx: Context, { folder, threads, done }: Work): Promise<void> {
  await using pool = threadPool({ size: threads })
  const digested = digestFile.on(pool)
  const files = walk(folder).pipe(
    filter(({ isFile }) => isFile),
    workerPool(AHEAD * threads, ({ path }, scope): Job<{ path: string; outcome: Outcome }> =>
      digested(path, scope).attempt().map((outcome) => ({ path, outcome }))), // prettier-ignore
    tap(({ path, outcome }) => done(path, outcome)),
  )
  await run(ctx, files).join()
}
