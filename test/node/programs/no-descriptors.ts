/** A child process, and files, when the host has no descriptor left. */
import { closeSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { background } from 'millrace'
import { command } from 'millrace/node'
import { readLines, writeFileAtomic } from 'millrace/node/operators'
import { collect, fromIterable, run } from 'millrace/operators'

const open: number[] = []
try {
  for (;;) open.push(openSync('/dev/null', 'r'))
} catch {
  // EMFILE
}

const codeOf = (end: { _tag: string; left?: unknown }) => (end._tag === 'Left' ? (end.left as NodeJS.ErrnoException).code : 'no failure')
const child = command('true')
const { stdin, stdout, stderr } = child
const ends = {
  exit: codeOf(await child.exit().attempt()),
  stdin: codeOf(await stdin.send('a').attempt()),
  stdout: codeOf(await stdout.receive().attempt()),
  stderr: codeOf(await stderr.receive().attempt()),
  read: codeOf(await collect(background, readLines('/dev/null')).join().attempt()),
  write: codeOf(
    await run(background, fromIterable(['a']).pipe(writeFileAtomic(join(tmpdir(), 'none'))))
      .join()
      .attempt(),
  ),
}
for (const descriptor of open) closeSync(descriptor)
console.log(JSON.stringify(ends))
