/** The laws of adapters find what they are for: each is broken by an adapter that is wrong in one way. */
import { background, withCancel } from 'millrace'
import { fromIterable, toReceiver } from 'millrace/operators'
import { laws, LawError, type AdapterLawOptions, type OpenAdapter } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

/** ms after which a run without end is a finding. No run below depends on an end within this time. */
const LIMIT = 250

/** A pipeline and a receiver: the reader and the context end it. */
const right: OpenAdapter<number> = async function* (source, outer) {
  const ctx = withCancel(outer)
  try {
    yield* { [Symbol.asyncIterator]: () => toReceiver(fromIterable(source), { capacity: 0, ctx })[Symbol.asyncIterator]() }
  } finally {
    ctx.cancel()
  }
}

it.each(laws.adapter(right, { bound: 3 }))('holds for a right adapter: $name', (law) => law.check())

async function* plain(source: AsyncIterable<number>): AsyncGenerator<number> {
  yield* source
}

const broken: Record<string, OpenAdapter<number>> = {
  order: async function* (source) {
    let last = -1
    for await (const item of source) if (item !== (last = Math.max(last, item)) || item !== 7) yield item
  },
  'read-ahead': async function* (source) {
    const buffer: number[] = []
    for await (const item of source) {
      buffer.push(item)
      if (buffer.length > 20) yield buffer.shift() ?? 0
    }
    yield* buffer
  },
  failure: async function* (source) {
    try {
      yield* source
    } catch (cause) {
      throw new Error('wrapped', { cause })
    }
  },
  leaving: (source) => ({
    [Symbol.asyncIterator]() {
      const items = source[Symbol.asyncIterator]()
      return { next: () => items.next() }
    },
  }),
  canceling: async function* (source, ctx) {
    try {
      yield* right(source, ctx)
    } catch {
      throw new Error('another')
    }
  },
  'ended context': (source) => right(source, background),
  'early failure': async function* (source, ctx) {
    let isFirst = true
    try {
      for await (const item of right(source, ctx)) {
        isFirst = false
        yield item
      }
    } catch (cause) {
      if (!isFirst) throw cause
    }
  },
  promptness: async function* (source) {
    const held: number[] = []
    for await (const item of source) if (held.push(item) > 1) yield held.shift() ?? 0
    yield* held
  },
  'slow reader': async function* (source) {
    const held: number[] = []
    for await (const item of source) {
      if (held.length < 2) held.push(item)
      yield held.shift() ?? 0
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (item === 11) return
    }
  },
  end: (source) => ({
    [Symbol.asyncIterator]() {
      const items = source[Symbol.asyncIterator]()
      let ends = 0
      return { next: async () => ((await items.next()).done !== true || ++ends > 1 ? { done: false, value: 0 } : { done: true, value: 0 }) }
    },
  }),
  values: async function* (source) {
    for await (const item of source) yield item || 0
  },
  destroyed: (source, ctx) => right(source, ctx),
  empty: async function* (source) {
    let count = 0
    for await (const item of source) yield (count++, item)
    if (count === 0) yield 0
  },
}

/** Reads ahead, and asks again after a chunk that adds nothing at most three times in a row. */
function forgetful(addsNothing: (chunk: Uint8Array) => boolean): OpenAdapter<Uint8Array> {
  return async function* (source) {
    let inARow = 0
    for await (const chunk of source) {
      inARow = addsNothing(chunk) ? inARow + 1 : 0
      if (inARow > 3) await new Promise(() => {}) // the end of the run leaves it
      yield chunk
    }
  }
}

const broken8MB: OpenAdapter<Uint8Array> = async function* (source) {
  for await (const chunk of source) yield chunk.subarray(0, 1024 * 1024)
}

/** Decodes each chunk by itself. */
const decoding: OpenAdapter<Uint8Array> = async function* (source) {
  for await (const chunk of source) yield new TextDecoder().decode(chunk) as never // text, in place of its bytes
}

const brokenBytes: readonly (readonly [law: string, wrong: string, open: OpenAdapter<Uint8Array>])[] = [
  ['sizes', 'cuts long chunks off', broken8MB],
  ['empty chunks', 'waits after a run of empty chunks', forgetful(({ length }) => length === 0)],
  ['characters', 'waits after a run of parts of characters', forgetful(([byte]) => byte > 127)],
  ['characters', 'decodes parts of characters', decoding],
]

it.each(brokenBytes)('%s is broken by an adapter that %s', async (name, _, open) => {
  const law = laws.adapter(open, { bound: 3, many: 50, longest: LIMIT, bytes: true }).find((each) => each.name === name)
  await expect(law?.check()).rejects.toBeInstanceOf(LawError)
})

it('every law is broken by an adapter here', () => {
  const all = laws.adapter<Uint8Array>(plain as never, { bound: 3, bytes: true, objects: true, destroy: () => undefined })
  const covered = [...Object.keys(broken), ...brokenBytes.map(([law]) => law)]
  expect(all.map(({ name }) => name).filter((name) => !covered.includes(name))).toEqual([])
})

describe.each(Object.entries(broken))('%s', (name, open) => {
  it('is broken by an adapter that is wrong there', async () => {
    const options = { bound: 3, many: 50, longest: LIMIT, objects: true, destroy: () => undefined }
    const law = laws.adapter(open, options).find((each) => each.name === name)
    await expect(law?.check()).rejects.toBeInstanceOf(LawError)
  })
})

describe('an adapter without end is a finding that names the adapter, and the run ends', () => {
  const check = (name: string, open: OpenAdapter<number>, options: Partial<AdapterLawOptions> = {}) =>
    laws
      .adapter(open, { bound: 3, longest: LIMIT, ...options })
      .find((each) => each.name === name)
      ?.check()

  it.each([3, Infinity])('where destroy does nothing, with a bound of %d', async (bound) => {
    let read = 0
    const throughWire: OpenAdapter<number> = async function* (source, ctx) {
      for await (const item of right(source, ctx)) yield (read++, item)
    }
    await expect(check('destroyed', throughWire, { bound, longest: 60_000, destroy: () => undefined })).rejects.toThrow('destroy(error) does not end throughWire: ') // prettier-ignore
    const seen = read
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(read).toBe(seen)
  })

  it('where destroy leaves a read that waits for ever', async () => {
    let isDestroyed = false
    const hanging: OpenAdapter<number> = async function* (source) {
      for await (const item of source) {
        if (isDestroyed) await new Promise(() => {})
        yield item
      }
    }
    await expect(check('destroyed', hanging, { destroy: () => ((isDestroyed = true), undefined) })).rejects.toThrow(`the run of hanging: no end within ${LIMIT} ms`) // prettier-ignore
  })

  it('where an adapter reads all of its source first', async () => {
    const greedy: OpenAdapter<number> = async function* (source) {
      const all: number[] = []
      for await (const item of source) all.push(item)
      yield* all
    }
    for (const law of ['leaving', 'ended context', 'destroyed'])
      await expect(check(law, greedy, { destroy: () => undefined })).rejects.toThrow(/greedy/)
  })

  it('where items come out for ever', async () => {
    const stuck: OpenAdapter<number> = async function* () {
      for (;;) yield 0
    }
    for (const law of ['order', 'empty', 'end', 'failure']) await expect(check(law, stuck)).rejects.toThrow(`the run of stuck: no end within ${LIMIT} ms`) // prettier-ignore
  })
})

it('resources that stay open break a law', async () => {
  let open = 0
  const leaky: OpenAdapter<number> = (source) => (open++, plain(source))
  const [law] = laws.adapter(leaky, { bound: 3, many: 5, longest: 500, resources: () => open })
  await expect(law.check()).rejects.toThrow('1 descriptors, sockets or listeners are left')
})

it('a law with a reason is left out, and a bound of Infinity has no read-ahead', () => {
  const names = (options: AdapterLawOptions) => laws.adapter(right, options).map(({ name }) => name)
  expect(names({ bound: 1 })).toContain('read-ahead')
  expect(names({ bound: Infinity })).not.toContain('read-ahead')
  expect(names({ bound: 1, except: { order: 'it is random' } })).not.toContain('order')
  expect(() => names({ bound: 1, except: { odrer: 'a slip' } })).toThrow('unknown option "odrer", expected order, empty, end')
})

it('throws for bad arguments', () => {
  expect(() => laws.adapter(1 as never, { bound: 1 })).toThrow(TypeError)
  expect(() => laws.adapter(right, null as never)).toThrow(TypeError)
  expect(() => laws.adapter(right, { bound: -1 })).toThrow(RangeError)
  expect(background).toBeDefined()
})
