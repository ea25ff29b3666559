/** The side of a link at the caller: of one channel among the arguments of a call. */
import type { Receiver, Sender } from '../../../runtime/index.js'
import { hostTime, shared } from '../../../runtime/internal.js'
import type { Portable } from '../wire/portable-error.js'
import { newWords } from '../wire/words.js'
import { Inward } from './inward.js'
import { COLLECTED, CREDIT, END, FIRST_CREDIT, TAKEN, VALUES, type LinkSpec, type Post } from './link.js'
import { Outward } from './outward.js'

type Ends = Partial<Receiver<unknown> & Sender<unknown>>

/** True for a value that has the methods of a receiver or of a sender. */
export function isChannelEnd(value: unknown): value is Ends {
  if (typeof value !== 'object' || value === null) return false
  const { receive, send, close } = value as { readonly [Name in keyof Ends]?: unknown } // to look
  return typeof receive === 'function' || (typeof send === 'function' && typeof close === 'function')
}

/** The links of this realm have numbers of their own, for all copies of the package. */
const links = shared('millrace.threads.links.v1', () => ({ next: 0 }))

export class HomeLink {
  readonly spec: LinkSpec
  private readonly _outward: Outward<unknown> | null
  private readonly _inward: Inward<unknown> | null

  constructor(index: number, end: Ends, post: (link: HomeLink, op: number, payload: unknown) => void) {
    const [receives, sends] = [typeof end.receive === 'function', typeof end.send === 'function']
    const taken = newWords(1)
    this.spec = { id: links.next++, index, receives, sends, taken }
    const postHere: Post = (op, payload) => post(this, op, payload)
    this._outward = receives ? new Outward(end as Receiver<unknown>, postHere, taken) : null // it has the method
    this._inward = sends ? new Inward(end as Sender<unknown>, postHere, FIRST_CREDIT, hostTime) : null // as above
  }

  /** A message of the thread. */
  receive(op: number, payload: unknown): void {
    if (op === CREDIT)
      this._outward?.credit(payload as number) // by its kind
    else if (op === VALUES)
      this._inward?.values(payload as readonly unknown[]) // by its kind
    else if (op === END)
      this._inward?.ends(payload as Portable | null) // by its kind
    else if (op === TAKEN)
      this.spec.taken[0] = payload as number // by its kind
    else if (op === COLLECTED) this.end()
  }

  /** Calls `f` once what the thread has sent has been sent here. */
  whenIdle(f: () => void): void {
    if (this._inward === null) f()
    else this._inward.whenIdle(f)
  }

  /**
   * The call has ended, or the end in the thread was collected: what the thread has not taken returns. What it has sent is sent on here
   * all the same.
   */
  end(): void {
    this._outward?.end()
  }
}
