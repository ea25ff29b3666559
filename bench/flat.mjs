/**
 * Memory over a large file: source made on the fly → file → pipeline → sink. Usage: node bench/flat.mjs [GB, default 2] [folder].
 * Prints GB/s and the resident memory after each eighth: it must not grow.
 */
import { createReadStream, createWriteStream, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { background } from '../dist/index.js'
import { fromReadable, throughDuplex, writeTo } from '../dist/node-operators.js'
import { run } from '../dist/operators.js'
import { PassThrough, Writable } from 'node:stream'

const [gigabytes = '2', folder = tmpdir()] = process.argv.slice(2)
const size = Number(gigabytes) * 1e9
const path = join(folder, `millrace-flat-${process.pid}`)

/** A file without blocks on the disk: its bytes are made by the host as they are read. */
writeFileSync(path, '')
truncateSync(path, size)
const ways = {
  'file → sink': () => fromReadable(() => createReadStream(path, { highWaterMark: 65_536 })),
  'file → PassThrough → sink': () =>
    fromReadable(() => createReadStream(path, { highWaterMark: 65_536 })).pipe(throughDuplex(() => new PassThrough())),
}
try {
  for (const [name, source] of Object.entries(ways)) {
    let bytes = 0
    const resident = []
    const sink = new Writable({
      write(chunk, _encoding, accepted) {
        bytes += chunk.length
        if (bytes >= ((resident.length + 1) * size) / 8) resident.push(Math.round(process.memoryUsage().rss / 1e6))
        accepted()
      },
    })
    const begun = performance.now()
    await run(background, source().pipe(writeTo(sink))).join()
    const seconds = (performance.now() - begun) / 1000
    console.log(`${name}: ${bytes / 1e9} GB, ${(bytes / 1e9 / seconds).toFixed(2)} GB/s, resident MB: ${resident.join(' ')}`)
  }
  const copy = createWriteStream('/dev/null')
  await run(background, fromReadable(() => createReadStream(path, { highWaterMark: 65_536, end: 1e9 - 1 })).pipe(writeTo(copy))).join()
} finally {
  rmSync(path)
}
