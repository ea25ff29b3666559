/** Loads a gzipped file of JSON lines into a table of SQLite: `gzip-to-database.ts readings.ndjson.gz readings.db`. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import Database from '../database/index.js'
import { main } from 'millrace/node'
import { fromReadable, ndjson, throughDuplex } from 'millrace/node/operators'
import { batch, decode, run } from 'millrace/operators'
import { tap } from 'rxjs'
import { z } from 'zod'

const reading = z.object({ sensor: z.string(), celsius: z.number() })
type Reading = z.output<typeof reading>

main(function* (ctx) {
  const [from, to] = process.argv.slice(2)
  const db = new Database(to)
  try {
    db.exec('CREATE TABLE IF NOT EXISTS readings (sensor TEXT, celsius REAL)')
    const insert = db.prepare('INSERT INTO readings VALUES (?, ?)')
    const save = db.transaction((rows: Reading[]) => rows.forEach(({ sensor, celsius }) => insert.run(sensor, celsius)))

    const loading = fromReadable(() => createReadStream(from)).pipe(
      throughDuplex(() => createGunzip()),
      ndjson(),
      decode(reading, ({ position, cause }) => console.error(`row ${position + 1}: ${cause.message}`)),
      batch({ size: 500 }),
      tap(save),
    )
    yield* run(ctx, loading).join()
    console.log(db.prepare('SELECT count(*) FROM readings').pluck().get(), 'rows')
  } finally {
    db.close()
  }
})
