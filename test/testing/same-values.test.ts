import { marbles } from 'millrace/testing'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'

class Money {
  readonly #cents: number
  constructor(cents: number) {
    this.#cents = cents
  }
  get cents(): number {
    return this.#cents
  }
}

class Secret {
  readonly #word: string
  constructor(
    word: string,
    readonly hint = 'none',
  ) {
    this.#word = word
  }
  tell(): string {
    return this.#word
  }
}

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

const buffer = (...bytes: number[]): ArrayBuffer => new Uint8Array(bytes).buffer

/** For each kind, a maker of two values that differ by the argument. */
const kinds: Record<string, (n: number) => unknown> = {
  number: (n) => n,
  array: (n) => [1, [n]],
  'sparse array': (n) => new Array<number>(n),
  object: (n) => ({ a: { b: n } }),
  'symbol key': (n) => ({ [Symbol.for('s')]: n }),
  'object without a prototype': (n) => Object.assign(Object.create(null) as object, { n }),
  instance: (n) => new Point(1, n),
  'private field with a getter': (n) => new Money(n),
  Date: (n) => new Date(n),
  Map: (n) => new Map([['a', n]]),
  Set: (n) => new Set([n]),
  RegExp: (n) => new RegExp(`a{${n}}`),
  URL: (n) => new URL(`http://a.example/${n}`),
  URLSearchParams: (n) => new URLSearchParams(`q=${n}`),
  Headers: (n) => new Headers({ a: String(n) }),
  ArrayBuffer: (n) => buffer(n),
  Uint8Array: (n) => new Uint8Array([n]),
  DataView: (n) => new DataView(buffer(n)),
  'boxed number': (n) => Object(n) as unknown,
  Error: (n) => new Error(`e${n}`),
  'cause of an error': (n) => new Error('e', { cause: n }),
  'property of an error': (n) => Object.assign(new Error('e'), { code: n }),
  AggregateError: (n) => new AggregateError([new Error(`e${n}`)]),
}

const passes = async (seen: unknown, expected: unknown): Promise<boolean> => {
  try {
    await marbles(({ expectObservable }) => expectObservable(of(seen)).toBe('(x|)', { x: expected }))
    return true
  } catch {
    return false
  }
}

describe('a marble test', () => {
  it.each(Object.entries(kinds))('passes for equal values, and fails for values that differ: %s', async (_, make) => {
    expect(await passes(make(1), make(1))).toBe(true)
    expect(await passes(make(1), make(2))).toBe(false)
    expect(await passes([make(1)], [make(2)])).toBe(false)
  })

  it.each<[string, () => unknown]>([
    ['private state', () => new Secret('a')],
    ['a promise', () => Promise.resolve(1)],
    ['a weak map', () => new WeakMap()],
    ['a function', () => () => 1],
    ['an instance that shows nothing', () => new (class Tick {})()],
  ])('takes two objects whose state is not visible as different: %s', async (_, make) => {
    const value = make()
    expect(await passes(value, value)).toBe(true)
    expect(await passes(make(), make())).toBe(false)
  })
})
