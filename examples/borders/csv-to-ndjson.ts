/** Makes JSON lines of a CSV with a head line: `csv-to-ndjson.ts people.csv people.ndjson`. The result appears as a whole or not at all. */
import { createReadStream } from 'node:fs'
import { parse } from 'csv-parse'
import { main } from 'millrace/node'
import { fromReadable, throughDuplex, writeFileAtomic } from 'millrace/node/operators'
import { progress, run } from 'millrace/operators'
import { map } from 'rxjs'

main((ctx) => {
  const [from, to] = process.argv.slice(2)
  const converting = fromReadable(() => createReadStream(from)).pipe(
    throughDuplex<Buffer, object>(() => parse({ columns: true })),
    map((row) => `${JSON.stringify(row)}\n`),
    progress(({ items, rate }) => console.error(`${items} rows, ${Math.round(rate)} a second`)),
    writeFileAtomic(to),
  )
  return run(ctx, converting).join()
})
