/**
 * The same with piscina: the walk, the bound on what is on its way, and the cancel are the program's own. A cancel of piscina's
 * terminates the thread, and a thread that ends while it reads a file can abort the process: what is under way ends by itself.
 */
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { left, right } from 'fp-ts/Either'
import type { Context } from 'millrace'
import { Piscina } from 'piscina'
import type { FileDigest } from './digest.js'
import type { Work } from './pipeline.js'

export async function onPiscina(ctx: Context, { folder, threads, done }: Work): Promise<void> {
  const pool = new Piscina<string, FileDigest>({
    filename: fileURLToPath(new URL('piscina-worker.ts', import.meta.url)),
    maxThreads: threads,
    concurrentTasksPerWorker: 2,
  })
  const { signal } = ctx
  const underWay = new Set<Promise<void>>()
  try {
    for await (const path of filesOf(folder)) {
      signal.throwIfAborted()
      const one = pool.run(path).then(
        (each) => done(path, right(each)),
        (error: unknown) => done(path, left(error)),
      )
      const ended = one.finally(() => underWay.delete(ended))
      underWay.add(ended)
      if (underWay.size >= 2 * threads) await Promise.race(underWay)
    }
    await Promise.all(underWay)
    signal.throwIfAborted()
  } finally {
    await pool.close()
  }
}

async function* filesOf(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesOf(path)
    else if (entry.isFile()) yield path
  }
}
