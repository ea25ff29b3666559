/**
 * Entries of streams as messages: the fields `value`, as JSON, `key` and `headers`, as a JSON object of texts. An entry without `value`,
 * which another program has written, has the record of its fields as its value.
 */
import type { Position } from '../broker/index.js'

export interface Entry<T = unknown> {
  /** `<ms>-<number>`, as Redis has it. */
  readonly id: string
  readonly value: T
  readonly key: string | null
  readonly headers: ReadonlyMap<string, string>
  /** For dead letters, where the value cannot be used. */
  readonly payload?: unknown
  readonly unreadable?: { readonly cause: unknown }
}

const noHeaders: ReadonlyMap<string, string> = /* @__PURE__ */ new Map()

/** The message of an entry: `[id, [field, text, …]]`. Null where the client gives something else. */
export function entryOf(id: unknown, fields: unknown): Entry | null {
  if (typeof id !== 'string' || !Array.isArray(fields)) return null
  const texts = fields as readonly string[] // of the server
  let value: string | null = null
  let key: string | null = null
  let headers: string | null = null
  for (let i = 0; i + 1 < texts.length; i += 2) {
    if (texts[i] === 'value') value = texts[i + 1]
    else if (texts[i] === 'key') key = texts[i + 1]
    else if (texts[i] === 'headers') headers = texts[i + 1]
  }
  if (value === null) return { id, value: recordOf(texts), key: null, headers: noHeaders }
  try {
    return { id, value: jsonIn(value), key, headers: headersOf(headers) }
  } catch (cause) {
    return { id, value: undefined, key, headers: noHeaders, payload: value, unreadable: { cause } }
  }
}

function jsonIn(text: string): unknown {
  return JSON.parse(text)
}

function headersOf(json: string | null): ReadonlyMap<string, string> {
  if (json === null) return noHeaders
  const headers: unknown = JSON.parse(json)
  if (!isRecordOfTexts(headers)) throw new TypeError(`the field headers: expected a JSON object of texts, got ${json.slice(0, 100)}`)
  return new Map(Object.entries(headers))
}

function isRecordOfTexts(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((text) => typeof text === 'string')
}

function recordOf(texts: readonly string[]): Readonly<Record<string, string>> {
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < texts.length; i += 2) pairs.push([texts[i], texts[i + 1]])
  return Object.fromEntries(pairs)
}

/** Unix time in ms from which offsets are counted: 2020 began. */
const EPOCH = 1_577_836_800_000
/** Ids of one ms that have an offset each: with more, the offsets run into those of the next ms. */
const PER_MS = 8192

/** The ms of an id, and the number within them. */
function partsOf(id: string): readonly [ms: number, n: number] {
  const dash = id.indexOf('-')
  return [Number(id.slice(0, dash)), Number(id.slice(dash + 1))]
}

/** The order of ids. */
export function isBefore(a: string, b: string): boolean {
  const [ams, an] = partsOf(a)
  const [bms, bn] = partsOf(b)
  return ams < bms || (ams === bms && an < bn)
}

/** When the server has stored the entry, as Unix time in ms. */
export function timeOf(id: string): number {
  return partsOf(id)[0]
}

/** A number that grows with the id. */
export function offsetOf(id: string): number {
  return offsetIn(...partsOf(id))
}

function offsetIn(ms: number, n: number): number {
  return (ms - EPOCH) * PER_MS + n
}

/** The place of an entry; its text has the id, which is exact. */
export class EntryPosition implements Position {
  readonly offset: number
  readonly time: number

  constructor(
    readonly source: string,
    readonly partition: number,
    private readonly _id: string,
  ) {
    const [ms, n] = partsOf(_id)
    this.offset = offsetIn(ms, n)
    this.time = ms
  }
  toString(): string {
    return `${this.source}/${this.partition}:${this._id}`
  }
}
