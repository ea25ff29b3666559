/** The laws of adapters find what they are for: each is broken by an adapter that is wrong in one way. */
import { background, withCancel } from 'millrace'
import { fromIterable, toReceiver } from 'millrace/operators'
import { laws, LawError, type OpenAdapter } from 'millrace/testing'
import { describe, expect, it } from 'vitest'

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
  canceling: (source, ctx) => right(source, withCancel(ctx)),
}
broken.canceling = async function* (source, ctx) {
  try {
    yield* right(source, ctx)
  } catch {
    throw new Error('another')
  }
}

describe.each(Object.entries(broken))('%s', (name, open) => {
  it('is broken by an adapter that is wrong there', async () => {
    const law = laws.adapter(open, { bound: 3, many: 50 }).find((each) => each.name === name)
    await expect(law?.check()).rejects.toBeInstanceOf(LawError)
  })
})

it('resources that stay open break a law', async () => {
  let open = 0
  const leaky: OpenAdapter<number> = (source) => (open++, plain(source))
  const [law] = laws.adapter(leaky, { bound: 3, resources: () => open })
  await expect(law.check()).rejects.toThrow('1 descriptors, sockets or listeners are left')
}, 20_000)

it('throws for bad arguments', () => {
  expect(() => laws.adapter(1 as never, { bound: 1 })).toThrow(TypeError)
  expect(() => laws.adapter(right, null as never)).toThrow(TypeError)
  expect(() => laws.adapter(right, { bound: -1 })).toThrow(RangeError)
  expect(background).toBeDefined()
})
