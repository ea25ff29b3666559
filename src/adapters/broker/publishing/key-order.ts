/**
 * The order within a key of a stage that publishes: a message that was refused is tried again before later ones of its key go out.
 *
 *     enters ──no earlier message of its key is under way (`alone`) or refused (`together`)──▶ sent ──stored──▶ over
 *        └──else──▶ waits                                                    └──refused: the policy of the stage──▶ enters, or over
 *
 * Always true:
 * - a key has a line while a message of it is unfinished (`alone`), or was refused and is not over (`together`); `first` of the line is
 *   that message;
 * - the messages that wait in a line are in the order in which they came.
 *
 * `together` is for a publisher that has no two calls with messages of one key under way: when a call refuses a message, it stores no
 * later message of that key.
 */
import type { Delivery } from '../delivery.js'

/** The part of a publication that its key has to do with. */
export interface InOrder {
  readonly key: string | null
  readonly delivery: Delivery<unknown>
  /** The pipeline has left: nobody wants it sent. */
  readonly isWithdrawn: boolean
  /** The order of its first sending among those of the publisher; 0 before. */
  readonly turn: number
  send(): void
}

interface Line {
  first: Delivery<unknown>
  readonly waiting: InOrder[]
}

export class KeyOrder {
  private readonly _lines = new Map<string, Line>()

  constructor(private readonly _keys: 'alone' | 'together') {}

  enter(publication: InOrder): void {
    const { key, delivery } = publication
    const line = key === null ? undefined : this._lines.get(key)
    if (line !== undefined && line.first !== delivery) return void line.waiting.push(publication)
    if (line === undefined && key !== null && this._keys === 'alone') this._lines.set(key, { first: delivery, waiting: [] })
    publication.send()
  }

  /** Whether the message must not go out now; it waits then, or is not wanted any more. */
  holds(publication: InOrder): boolean {
    const { key, delivery } = publication
    const line = key === null || this._lines.size === 0 ? undefined : this._lines.get(key)
    if (line === undefined || line.first === delivery) return false
    line.waiting.push(publication)
    return true
  }

  /** Returns false where an earlier message of the key was refused: this one waits for that, and has not failed. */
  refused(publication: InOrder): boolean {
    const { key, delivery } = publication
    if (key === null) return true
    const line = this._lines.get(key)
    if (line === undefined) this._lines.set(key, { first: delivery, waiting: [] })
    else if (line.first !== delivery) line.waiting.push(publication)
    else return true
    return line === undefined
  }

  /** The message is stored, or is given up: the next of its key may go. */
  over(delivery: Delivery<unknown>, key: string | null): void {
    const line = key === null ? undefined : this._lines.get(key)
    if (key === null || line?.first !== delivery) return
    const waiting = line.waiting.filter(({ isWithdrawn }) => !isWithdrawn)
    const [next] = waiting
    if (this._keys === 'alone' && next !== undefined) {
      this._lines.set(key, { first: next.delivery, waiting: waiting.slice(1) })
      return next.send()
    }
    this._lines.delete(key)
    for (const each of waiting) each.send() // each has its turn, and the publisher sorts by it
  }

  /** As `over`, for a delivery whose work has ended without a result. */
  left(delivery: Delivery<unknown>): void {
    for (const [key, { first }] of this._lines) if (first === delivery) return this.over(delivery, key)
  }
}
