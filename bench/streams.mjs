/**
 * Borders beside the ways of the host: chunks of 64 kB, and small objects, from a source made on the fly to a sink that takes
 * at once. Usage: node bench/streams.mjs [pattern] [--cpu] [--turns=5]; prints the best of the turns, in GB or million objects a
 * second, the ratio to the fastest row of the group, and the median of the ratios within a turn. `--cpu` counts processor time,
 * for a busy machine.
 */
import { Readable, Writable } from 'node:stream'
import { pipeline as connect } from 'node:stream/promises'
import { Observable } from 'rxjs'
import { background } from '../dist/index.js'
import { fromReadable, writeTo } from '../dist/node-operators.js'
import { fromIterable, run } from '../dist/operators.js'
import { fromReadableStream, throughStream, writeToStream } from '../dist/web-operators.js'

const chunk = Buffer.alloc(65_536, 1)
const CHUNKS = 65_536
const OBJECTS = 300_000

const bytes = () => {
  let left = CHUNKS
  return new Readable({
    read() {
      this.push(left-- > 0 ? chunk : null)
    },
  })
}
/** A source as files and sockets are: a chunk comes in a later turn. */
const later = () => {
  let left = CHUNKS
  return new Readable({
    read() {
      setImmediate(() => this.push(left-- > 0 ? chunk : null))
    },
  })
}
/** Items or chunks that have arrived in a turn: it must be all. */
let arrived = 0
const sink = () =>
  new Writable({
    write(bytes, _encoding, accepted) {
      arrived += bytes.length / chunk.length
      accepted()
    },
  })
const objects = () => {
  let left = OBJECTS
  return new Readable({
    objectMode: true,
    read() {
      this.push(left-- > 0 ? { n: left } : null)
    },
  })
}
const objectSink = () =>
  new Writable({
    objectMode: true,
    write(_item, _encoding, accepted) {
      arrived++
      accepted()
    },
  })
const webBytes = () => {
  let left = CHUNKS
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(chunk)
      else controller.close()
    },
  })
}
const webSink = () => new WritableStream({ write: () => void arrived++ })
const through = (source, ...stages) => run(background, source.pipe(...stages)).join()

/** A source of RxJS without backpressure, as `fromEvent(readable, 'data')`. */
const rxjs = (make, to) =>
  new Promise((resolve, reject) => {
    const readable = make()
    const items = new Observable((subscriber) => {
      readable.on('data', (item) => subscriber.next(item))
      readable.once('end', () => subscriber.complete())
    })
    const writable = to()
    writable.once('finish', resolve)
    items.subscribe({ next: (item) => writable.write(item), error: reject, complete: () => writable.end() })
  })

async function* copied(source) {
  for await (const item of source) yield item
}

async function awaiting(make, to) {
  const writable = to()
  const isOver = new Promise((resolve) => writable.once('finish', resolve))
  for await (const item of make()) if (!writable.write(item)) await new Promise((resolve) => writable.once('drain', resolve))
  writable.end()
  await isOver
}

const groups = {
  'chunks of 64 kB': {
    millrace: () => through(fromReadable(bytes), writeTo(sink)),
    'stream.pipeline': () => connect(bytes(), sink()),
    'for await': () => awaiting(bytes, sink),
    'Readable.from': () => connect(Readable.from(copied(bytes())), sink()),
    'rxjs, unpaced': () => rxjs(bytes, sink),
  },
  'chunks of 64 kB, later': {
    millrace: () => through(fromReadable(later), writeTo(sink)),
    'stream.pipeline': () => connect(later(), sink()),
    'for await': () => awaiting(later, sink),
  },
  'web, chunks of 64 kB': {
    millrace: () => through(fromReadableStream(webBytes), writeToStream(webSink)),
    pipeTo: () => webBytes().pipeTo(webSink()),
  },
  'web, through a TransformStream': {
    millrace: () =>
      through(
        fromReadableStream(webBytes),
        throughStream(() => new TransformStream()),
        writeToStream(webSink),
      ),
    pipeThrough: () => webBytes().pipeThrough(new TransformStream()).pipeTo(webSink()),
  },
  objects: {
    millrace: () => through(fromReadable(objects), writeTo(objectSink)),
    'stream.pipeline': () => connect(objects(), objectSink()),
    'for await': () => awaiting(objects, objectSink),
    'rxjs, unpaced': () => rxjs(objects, objectSink),
  },
  'objects of an iterable': {
    millrace: () => through(fromIterable(items()), writeTo(objectSink)),
    'Readable.from': () => connect(Readable.from(items()), objectSink()),
  },
}

function* items() {
  for (let n = 0; n < OBJECTS; n++) yield { n }
}

const args = process.argv.slice(2)
const byCpu = args.includes('--cpu')
const turns = Number(args.find((arg) => arg.startsWith('--turns='))?.slice('--turns='.length) ?? 5)
const wanted = args.find((arg) => !arg.startsWith('--')) ?? ''

/** ms so far: on the wall, or of processor time of the process, collections included. */
function clock() {
  if (!byCpu) return performance.now()
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

for (const [group, rows] of Object.entries(groups)) {
  if (!group.includes(wanted)) continue
  const times = Object.fromEntries(Object.keys(rows).map((name) => [name, []]))
  for (let turn = -1; turn < turns; turn++)
    for (const [name, go] of Object.entries(rows)) {
      arrived = 0
      const begun = clock()
      await go()
      if (arrived !== (group.includes('objects') ? OBJECTS : CHUNKS)) throw new Error(`${name}: ${arrived} arrived`)
      if (turn >= 0) times[name].push(clock() - begun) // the first turn warms up
    }
  const fastest = Math.min(...Object.values(times).map((all) => Math.min(...all)))
  const [quickest] = Object.keys(rows).toSorted((a, b) => median(times[a]) - median(times[b]))
  console.log(group)
  for (const [name, all] of Object.entries(times)) {
    const ms = Math.min(...all)
    const inTurns = median(all.map((time, turn) => time / times[quickest][turn]))
    const rate = group.includes('objects') ? `${(OBJECTS / ms / 1000).toFixed(2)} M/s` : `${((CHUNKS * 65_536) / ms / 1e6).toFixed(1)} GB/s`
    console.log(
      `  ${name.padEnd(18)} ${ms.toFixed(1).padStart(7)} ms  ${rate.padStart(10)}  ${(ms / fastest).toFixed(2)}  in turns ${inTurns.toFixed(2)}`,
    )
  }
}
