/** Laws of adapters about items: which come out, in which order, and when. */
import { background } from '../../../runtime/index.js'
import { holds } from '../support/assertions.js'
import { pause } from './real-time.js'
import { allOf, countOf, freed, same } from './reading.js'
import { itemsOf, WorldSource, worldOf, type AdapterRecord } from './subject.js'

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
    same(subject, await allOf(subject.open(new WorldSource(subject, () => chunks), background)), chunks)
  },
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

export const flow: readonly AdapterRecord[] = [order, empty, end, promptness, slowReader, readAhead, sizes, values]
