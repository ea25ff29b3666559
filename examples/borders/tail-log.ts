/** Prints the lines that are added to a file, until Ctrl-C: `tail-log.ts server.log [text]`, those with the text alone. */
import { createReadStream, statSync, watch } from 'node:fs'
import { eventsOf, main } from 'millrace/node'
import { fromReadable, lines } from 'millrace/node/operators'
import { debounce, fromReceiver, run } from 'millrace/operators'
import { concatMap, filter, tap, type Observable } from 'rxjs'

main((ctx) => {
  const [file, text = ''] = process.argv.slice(2)
  let read = statSync(file).size
  // Changes that are not seen yet are one change.
  const changes = eventsOf(watch(file, { signal: ctx.signal }), 'change', { capacity: 1, overflow: 'drop-oldest' })
  console.log(`watching ${file}`)

  /** The chunks after the last that was read. A file that is shorter now was begun anew. */
  const added = (): Observable<Buffer> => {
    if (statSync(file).size < read) read = 0
    return fromReadable(() => createReadStream(file, { start: read })).pipe(tap((chunk) => void (read += chunk.length)))
  }
  const printing = fromReceiver(changes).pipe(
    debounce(20),
    concatMap(added),
    lines(),
    filter((line) => line.includes(text)),
    tap((line) => console.log(line)),
  )
  return run(ctx, printing).join()
})
