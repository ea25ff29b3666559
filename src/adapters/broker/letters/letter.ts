/** Dead letters as messages of a stream: the payload and the headers that came, and four headers more. */
import { headOf } from '../../../runtime/internal.js'
import type { Delivery, Position } from '../delivery.js'
import type { DeadDelivery } from '../policy.js'

/** A dead letter that a stream has stored. */
export interface StoredLetter<out T> {
  /** The payload of the message that was given up. */
  readonly value: T
  readonly key: string | null
  readonly headers: ReadonlyMap<string, string>
  /** The place of the letter; its `time` is when the letter was stored. */
  readonly position: Position
  /** Why the message was given up: the name and the message of the error; empty where the letter does not say. */
  readonly cause: string
  /** The stage whose work failed; empty where the letter does not say. */
  readonly stage: string
  /** The number of attempts; 0 where the letter does not say. */
  readonly attempts: number
  /** The place of the message that was given up, as text; empty where the letter does not say. */
  readonly from: string
  /** How often the message had been put back before. */
  readonly replays: number
}

const REPLAYS = 'millrace-replays'

/** The headers of the message of a dead letter. */
export function letterHeaders({ headers, cause, stage, attempts, position }: DeadDelivery): ReadonlyMap<string, string> {
  const facts = { cause: headOf(cause), stage, attempts: String(attempts), position: String(position) }
  return new Map([...headers, ...Object.entries(facts).map(([name, value]) => [`millrace-${name}`, value] as const)])
}

export function letterOf<T>({ value, key, headers, position }: Delivery<T>): StoredLetter<T> {
  const text = (name: string): string => headers.get(`millrace-${name}`) ?? ''
  const count = (name: string): number => Number(text(name)) || 0 // another program may have written the letter
  return {
    value,
    key,
    headers,
    position,
    cause: text('cause'),
    stage: text('stage'),
    attempts: count('attempts'),
    from: text('position'),
    replays: count('replays'),
  }
}

/** The headers of a message that is put back. */
export function replayHeaders({ headers, replays }: StoredLetter<unknown>): ReadonlyMap<string, string> {
  return new Map(headers).set(REPLAYS, String(replays + 1))
}
