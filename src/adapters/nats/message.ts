/** Messages of NATS: the facts in the subject of their acknowledgement, their headers, keys as tokens of subjects. */
import { headers as newHeaders, type MsgHdrs } from '@nats-io/nats-core'
import { mistyped } from '../../runtime/internal.js'

/** The header that carries the key. */
export const KEY = 'Millrace-Key'

const noHeaders: ReadonlyMap<string, string> = /* @__PURE__ */ new Map()

/** The facts of a delivery of a consumer. */
export interface Facts {
  readonly deliveries: number
  readonly offset: number
  /** The number of the delivery since the consumer began, or was reset. */
  readonly order: number
  /** Unix time in ms. */
  readonly time: number
}

/**
 * Reads the subject for the acknowledgement: `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<order>.<time>.<pending>`,
 * with a domain and the hash of an account after `$JS.ACK` in the longer form.
 */
export function factsOf(reply: string): Facts | null {
  const tokens = reply.split('.')
  if (tokens.length < 9) return null
  const at = tokens.length === 9 ? 4 : 6
  return {
    deliveries: Number(tokens[at]),
    offset: Number(tokens[at + 1]),
    order: Number(tokens[at + 2]),
    time: Number(tokens[at + 3].slice(0, -6)), // ns, more than a number holds
  }
}

/** The headers of users: those of NATS itself are about one stream, and must not travel on. */
export function headersOf(headers: MsgHdrs | undefined): ReadonlyMap<string, string> {
  if (headers === undefined) return noHeaders
  let all: Map<string, string> | null = null
  for (const [name, [value]] of headers) if (!name.startsWith('Nats-') && name !== KEY) (all ??= new Map()).set(name, value)
  return all ?? noHeaders
}

export function keyIn(headers: MsgHdrs | undefined): string | null {
  return headers?.has(KEY) === true ? headers.get(KEY) : null
}

export function headersFor(given: ReadonlyMap<string, string>, key: string | null, id: string | null): MsgHdrs | undefined {
  if (given.size === 0 && key === null && id === null) return undefined
  const made = newHeaders()
  for (const [name, value] of given) made.set(name, inOneLine(value))
  if (key !== null) made.set(KEY, inOneLine(key))
  if (id !== null) made.set('Nats-Msg-Id', inOneLine(id))
  return made
}

/** A header of NATS is one line. */
function inOneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ') : text
}

/**
 * A text as one token of a subject: letters, digits, `-` and `_` stay, the rest is percent-encoded. For a subject that
 * ends with a key, by which the server deals messages to partitions. Throws TypeError for another type, and URIError for
 * half of a surrogate pair.
 *
 * @example
 * ```ts
 * subjectToken('ada.lovelace@example.org') // → ada%2Elovelace%40example%2Eorg
 * ```
 */
export function subjectToken(text: string): string {
  if (typeof text !== 'string') throw mistyped('subjectToken(text)', 'a string', text)
  if (text === '') return '~'
  return encodeURIComponent(text).replace(/[.!~*'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The text of a token, as `subjectToken` made it; else the token unchanged. */
export function textOfToken(token: string): string {
  if (token === '~') return ''
  if (!token.includes('%')) return token
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}

/** Makes the bytes or text of a message. */
export type Encode<T> = (value: T) => Uint8Array | string
/** Reads the bytes of a message. */
export type Decode<T> = (data: Uint8Array) => T

const decoder = /* @__PURE__ */ new TextDecoder()

export function toJson(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined // by the value
  if (text === undefined) throw mistyped('JSON', 'a value that JSON can hold', value)
  return text
}

export function fromJson(data: Uint8Array): unknown {
  return JSON.parse(decoder.decode(data))
}
