/** The most frequent words of the standard input, by three processes: `tr … | sort | uniq -c`, as a shell connects them: `word-count.ts < text`. */
import { all, range, type Receiver, type Sender } from 'millrace'
import { command, main, receiverOf } from 'millrace/node'

main(function* (ctx) {
  const options = { ctx, env: { ...process.env, LC_ALL: 'C' } }
  const words = command('tr', ['-cs', 'A-Za-z', '\n'], options)
  const sorted = command('sort', ['-f'], options)
  const counted = command('uniq', ['-ci'], options)

  const { counts } = yield* all(ctx, {
    text: () => feed(receiverOf<Uint8Array>(process.stdin), words.stdin),
    words: () => feed(words.stdout, sorted.stdin),
    sorted: () => feed(sorted.stdout, counted.stdin),
    counts: () => textOf(counted.stdout),
    ends: all([words.exit(), sorted.exit(), counted.exit()]),
  })
  const rows = counts.trimEnd().split('\n')
  for (const row of rows.sort((a, b) => parseInt(b) - parseInt(a)).slice(0, 10)) console.log(row.trim())
})

/** At the speed of the child: a send waits while its input is full. */
function* feed(chunks: Receiver<Uint8Array>, input: Sender<Uint8Array>): Generator<never, void> {
  for (const it = range(chunks); yield* it.next();) yield* input.send(it.value)
  input.close()
}

function* textOf(chunks: Receiver<Uint8Array>): Generator<never, string> {
  const parts: Uint8Array[] = []
  for (const it = range(chunks); yield* it.next();) parts.push(it.value)
  return Buffer.concat(parts).toString()
}
