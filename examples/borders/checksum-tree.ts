/** Prints the SHA-256 of every file below a directory, in the form of `sha256sum`: `checksum-tree.ts src`. Four files are open at a time. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { range } from 'millrace'
import { main, receiverOf } from 'millrace/node'
import { walk, writeTo } from 'millrace/node/operators'
import { run, workerPool } from 'millrace/operators'
import { filter } from 'rxjs'

main((ctx) => {
  const [folder = '.'] = process.argv.slice(2)
  const files = walk(folder, {
    skip: ({ name }) => name === 'node_modules' || name === '.git',
    onError: (error, path) => console.error(`${path}: ${String(error)}`),
  }).pipe(filter(({ isFile }) => isFile))

  return run(
    ctx,
    files.pipe(
      workerPool(4, ({ path }) => checksum(path)),
      writeTo(process.stdout, { end: false }),
    ),
  ).join()
})

function* checksum(path: string): Generator<never, string> {
  const hash = createHash('sha256')
  using chunks = receiverOf<Buffer>(createReadStream(path))
  for (const it = range(chunks); yield* it.next();) hash.update(it.value)
  return `${hash.digest('hex')}  ${path}\n`
}
