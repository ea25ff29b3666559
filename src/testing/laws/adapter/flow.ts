/** Laws of adapters about items: which come out, in which order, and when. */
import { background } from '../../../runtime/index.js'
import { holds } from '../support/assertions.js'
import { pause } from './real-time.js'
import { allOf, countOf, freed, same } from './reading.js'
import { itemsOf, WorldSource, worldOf, type AdapterRecord, type AdapterSubject } from './subject.js'

const order: AdapterRecord = {
  name: 'order',
  meaning: 'each item comes out once and in order, and the adapter ends with its source',
  async program(subject) {
    const source = worldOf(subject, subject.many)
    const got = await allOf(subject.open(source, background))
    same(subject, got, itemsOf(subject, subject.many))
    await freed(source, subject)
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

const end: AdapterRecord = {
  name: 'end',
  meaning: 'each read after the end says that it is the end',
  async program(subject) {
    const items = subject.open(worldOf(subject, 1), background)[Symbol.asyncIterator]()
    while ((await items.next()).done !== true);
    for (let n = 0; n < 3; n++) holds((await items.next()).done === true, 'an item came out after the end')
  },
}

const promptness: AdapterRecord = {
  name: 'promptness',
  meaning: 'an item comes out before its source yields the next',
  async program(subject) {
    const few = 5
    let taken = 0
    const source = new WorldSource(subject, async function* () {
      for (let n = 0; n < few; n++) {
        yield subject.item(n)
        while (taken <= n) await pause()
      }
    })
    const got: unknown[] = []
    for await (const each of subject.open(source, background)) {
      got.push(each)
      taken += countOf(subject, each)
    }
    same(subject, got, itemsOf(subject, few))
  },
}

const slowReader: AdapterRecord = {
  name: 'slow reader',
  meaning: 'a reader that is slower than the source loses nothing, also where the source ends meanwhile',
  async program(subject) {
    const few = Math.min(subject.many, 20)
    const source = worldOf(subject, few)
    const got: unknown[] = []
    for await (const each of subject.open(source, background)) {
      got.push(each)
      await pause(2)
    }
    same(subject, got, itemsOf(subject, few))
    await freed(source, subject)
  },
}

const readAhead: AdapterRecord = {
  name: 'read-ahead',
  meaning: 'the adapter reads no further ahead of a slow reader than its bound',
  appliesTo: ({ bound }) => bound !== Infinity,
  async program(subject) {
    const source = worldOf(subject, Infinity)
    let taken = 0
    for await (const each of subject.open(source, background)) {
      taken += countOf(subject, each)
      await pause(taken > 8 ? 0 : 5)
      const ahead = source.read - Math.floor(taken)
      holds(ahead <= subject.bound, `${ahead} items are read ahead, more than ${subject.bound}`)
      if (taken >= subject.many) break
    }
    await freed(source, subject)
  },
}

const sizes: AdapterRecord = {
  name: 'sizes',
  meaning: 'chunks of no bytes and of 8 MB pass unchanged',
  appliesTo: ({ isBytes }) => isBytes,
  async program(subject) {
    const chunks = [0, 1, 8 * 1024 * 1024, 0, 0, 5].map((size, n) => new Uint8Array(size).fill(n + 1))
    same(subject, await allOf(subject.open(new WorldSource(subject, () => copiesOf(chunks)), background)), chunks)
  },
}

/** An adapter may take the memory of a chunk for itself, as a byte stream does. */
function copiesOf(chunks: readonly Uint8Array[]): Uint8Array[] {
  return chunks.map((chunk) => chunk.slice())
}

/** Chunks of no bytes in a row, after which streams of Node no longer ask by themselves. */
const RUNS = [1, 2, 3, 4, 9, 16, 33]

const emptyChunks: AdapterRecord = {
  name: 'empty chunks',
  meaning: 'runs of chunks of no bytes stop no reader: first, last and in the middle, at hand or as the source yields them',
  appliesTo: ({ isBytes }) => isBytes,
  async program(subject) {
    const chunks = RUNS.flatMap((run, n) => [...Array.from({ length: run }, () => new Uint8Array()), Uint8Array.of(n + 1)])
    await readTwice(subject, [...chunks, ...Array.from({ length: 5 }, () => new Uint8Array())])
  },
}

const characters: AdapterRecord = {
  name: 'characters',
  meaning: 'characters that are cut into chunks of one byte come out whole, as bytes or as text, at hand or as the source yields them',
  appliesTo: ({ isBytes }) => isBytes,
  program: (subject) =>
    readTwice(
      subject,
      [...new TextEncoder().encode('a\u{1F600}\u{1F600}\u20ACb\u00E9\u{1F680}')].map((byte) => Uint8Array.of(byte)),
    ),
}

/** The chunks as they come, and for a reader that comes when the adapter has read ahead: they are at hand, one behind the other. */
async function readTwice(subject: AdapterSubject, chunks: readonly Uint8Array[]): Promise<void> {
  for (const ms of [0, 5]) {
    const source = new WorldSource(subject, () => copiesOf(chunks))
    const got: unknown[] = []
    for await (const each of subject.open(source, background)) {
      got.push(each)
      if (got.length === 1) await pause(ms)
    }
    same(subject, got, chunks)
    await freed(source, subject)
  }
}

const values: AdapterRecord = {
  name: 'values',
  meaning: 'values of any kind come out as they are, the same objects',
  appliesTo: ({ takesObjects }) => takesObjects,
  async program(subject) {
    const all = [0, '', false, NaN, -0, 1n, [], Object.freeze({}), { then: 1, next: 2 }, Symbol('s'), () => 0, new Error('an item')]
    same(subject, await allOf(subject.open(new WorldSource(subject, () => all), background)), all)
  },
}

export const flow: readonly AdapterRecord[] = [order, empty, end, promptness, slowReader, readAhead, sizes, emptyChunks, characters, values]
