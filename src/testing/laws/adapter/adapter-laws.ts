/** The laws of adapters: borders to streams, sockets and files. They run in real time, once each. */
import { background, withCancel } from '../../../runtime/index.js'
import { judge, type Law } from '../law.js'
import { holds } from '../support/assertions.js'
import { eventually, inTime, pause, watchRejections } from './real-time.js'
import { adapterSubject, CHUNK, WorldSource, type AdapterLawOptions, type AdapterSubject, type OpenAdapter } from './subject.js'

/**
 * The laws of an adapter. `open(source, ctx)` puts the adapter between `source` and the returned iterable: a Readable
 * made of the source that a pipeline reads, a stream that a pipeline of the source writes to. The laws say: each item
 * once and in order; never more items read ahead than the bound, however slow the reader; the error of the source, the
 * same object; a reader that leaves and a context that ends free everything; no rejection is left unhandled. With
 * `bytes` also chunks of no bytes and of 8 MB.
 *
 * The laws run in real time and once, not under schedules: `replay` checks again, whatever the token. Throws TypeError
 * or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const open: OpenAdapter<number> = (source, ctx) => toReceiver(fromIterable(source), { capacity: 0, ctx })
 * const law = laws.adapter(open, { bound: 2 }).find(({ name }) => name === 'order')
 * await law?.check()
 * ```
 */
export function adapterLaws<T = number>(open: OpenAdapter<T>, options: AdapterLawOptions<T>): readonly Law[] {
  const subject = adapterSubject(open, options)
  return records.filter(({ needsBytes }) => subject.isBytes || needsBytes !== true).map((record) => lawOf(record, subject))
}

interface AdapterRecord {
  readonly name: string
  readonly meaning: string
  readonly needsBytes?: boolean
  readonly program: (subject: AdapterSubject) => Promise<void>
}

function lawOf<T>(record: AdapterRecord, subject: AdapterSubject<T>): Law {
  const { name, meaning } = record
  const check = (): Promise<void> => judge(record, () => quietly(record, subject as AdapterSubject)) // no program looks into an item
  return { name, meaning, check, replay: check }
}

/** Runs the program, and asserts that nothing is left of it. */
async function quietly({ program }: AdapterRecord, subject: AdapterSubject): Promise<void> {
  const rejections = watchRejections()
  try {
    const before = subject.resources()
    await inTime(program(subject), 'the run')
    await eventually(
      () => subject.resources() <= before,
      () => `${subject.resources() - before} descriptors, sockets or listeners are left`,
    )
    await pause(1)
    holds(rejections.reasons.length === 0, `a rejection is not handled: ${String(rejections.reasons[0])}`)
  } finally {
    rejections.end()
  }
}

/** The items of a run, `n` of them, and then `end`. */
function worldOf({ item }: AdapterSubject, n: number, end?: () => Promise<void>): WorldSource<unknown> {
  return new WorldSource(async function* () {
    for (let i = 0; i < n; i++) yield item(i)
    await end?.()
  })
}

const never = (): Promise<never> => new Promise<never>(() => {})

async function allOf(output: AsyncIterable<unknown>): Promise<unknown[]> {
  const got: unknown[] = []
  for await (const each of output) got.push(each)
  return got
}

/** Bytes count as a whole: a stream may join and cut them. */
function same({ isBytes }: AdapterSubject, got: readonly unknown[], sent: readonly unknown[]): void {
  if (!isBytes) {
    const at = sent.findIndex((item, i) => item !== got[i])
    holds(
      at < 0 && got.length === sent.length,
      `${got.length} items of ${sent.length}; the first that differs is at ${at < 0 ? sent.length : at}`,
    )
    return
  }
  const [there, here] = [joined(sent), joined(got)]
  holds(here.length === there.length, `${here.length} bytes of ${there.length}`)
  const at = there.findIndex((byte, i) => byte !== here[i])
  holds(at < 0, `the bytes differ from ${at} on`)
}

function joined(chunks: readonly unknown[]): Uint8Array {
  const parts = chunks as readonly Uint8Array[] // with `bytes`
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function errorOf(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => new Error('the adapter completed'),
    (cause: unknown) => cause,
  )
}

function freed(source: WorldSource<unknown>): Promise<void> {
  return eventually(
    () => source.open === 0,
    () => 'the source is still open',
  )
}

const order: AdapterRecord = {
  name: 'order',
  meaning: 'each item comes out once and in order, and the adapter ends with its source',
  async program(subject) {
    const source = worldOf(subject, subject.many)
    const got = await allOf(subject.open(source, background))
    same(
      subject,
      got,
      Array.from({ length: subject.many }, (_, n) => subject.item(n)),
    )
    await freed(source)
  },
}

const empty: AdapterRecord = {
  name: 'empty',
  meaning: 'a source without items ends the adapter',
  async program(subject) {
    const got = await allOf(subject.open(worldOf(subject, 0), background))
    holds(got.length === 0, `${got.length} items came out`)
  },
}

const readAhead: AdapterRecord = {
  name: 'read-ahead',
  meaning: 'the adapter reads no further ahead of a slow reader than its bound',
  async program(subject) {
    const source = worldOf(subject, Infinity)
    let taken = 0
    for await (const each of subject.open(source, background)) {
      taken += subject.isBytes ? (each as Uint8Array).length / CHUNK : 1 // with `bytes`
      await pause(taken > 8 ? 0 : 5)
      const ahead = source.read - Math.floor(taken)
      holds(ahead <= subject.bound, `${ahead} items are read ahead, more than ${subject.bound}`)
      if (taken >= subject.many) break
    }
    await freed(source)
  },
}

const failure: AdapterRecord = {
  name: 'failure',
  meaning: 'the error of the source comes out, the same object',
  async program(subject) {
    const error = new Error('the source fails')
    const source = worldOf(subject, 3, () => Promise.reject(error))
    const seen = await errorOf(allOf(subject.open(source, background)))
    holds(seen === error, `another error came out: ${String(seen)}`)
    await freed(source)
  },
}

const leaving: AdapterRecord = {
  name: 'leaving',
  meaning: 'a reader that leaves frees the adapter and its source',
  async program(subject) {
    const source = worldOf(subject, Infinity)
    for await (const _ of subject.open(source, background)) break
    await freed(source)
  },
}

const canceling: AdapterRecord = {
  name: 'canceling',
  meaning: 'the end of the context ends a read that waits, with the cause, and frees the adapter',
  async program(subject) {
    const [ctx, cause] = [withCancel(background), new Error('the context ends')]
    const source = worldOf(subject, 2, never)
    const seen = errorOf(allOf(subject.open(source, ctx)))
    await pause(10)
    ctx.cancel(cause)
    const error = await seen
    holds(error === cause, `another error came out: ${String(error)}`)
  },
}

const sizes: AdapterRecord = {
  name: 'sizes',
  meaning: 'chunks of no bytes and of 8 MB pass unchanged',
  needsBytes: true,
  async program(subject) {
    const chunks = [0, 1, 8 * 1024 * 1024, 0, 0, 5].map((size, n) => new Uint8Array(size).fill(n + 1))
    same(subject, await allOf(subject.open(new WorldSource(() => chunks), background)), chunks)
  },
}

const records: readonly AdapterRecord[] = [order, empty, readAhead, failure, leaving, canceling, sizes]
