/** The parts that pulls of a queue and of a log have in common. */
import type { Msg } from '@nats-io/nats-core'
import { checkText } from '../broker/internal.js'

/** A number of ms in ns, as the server counts: whole, and at most what it can count. */
export function nanosOf(ms: number): number {
  return Math.min(Math.ceil(ms * 1e6), 9e18)
}

/** How the messages of a source are read. */
export interface Reading<T> {
  decode(data: Uint8Array): T
  key(message: Msg): string | null
}

/** The part of a message that is the user's; `payload` and `unreadable` where it cannot be read. */
export interface ReadMessage {
  readonly value: unknown
  readonly key: string | null
  readonly payload?: Uint8Array
  readonly unreadable?: { readonly cause: unknown }
}

export function readWith(reading: Reading<unknown>, message: Msg): ReadMessage {
  try {
    const text = reading.key(message)
    if (text !== null) checkText('fromNats(nc, { key }): the result', 'a string or null', text)
    return { value: reading.decode(message.data), key: text }
  } catch (cause) {
    return { value: undefined, key: null, payload: message.data, unreadable: { cause } }
  }
}

/** What the server says about a pull. */
export interface Status {
  readonly code: number
  readonly description: string
  /** Messages of the pull that will not come; null where the server does not say. */
  readonly pending: number | null
}

export function statusOf({ headers }: Msg): Status {
  const pending = headers?.get('Nats-Pending-Messages') ?? ''
  return { code: headers?.code ?? 0, description: headers?.description ?? '', pending: pending === '' ? null : Number(pending) }
}
