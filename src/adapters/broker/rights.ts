/**
 * Rights that are made of others: the parts of one message, and several messages in one delivery.
 *
 * Always true: a message with parts is settled when its last part is, with the worst of their outcomes; the messages of
 * a batch are settled together.
 */
import { afterFunc, withCancel, type CancelContext, type Context } from '../../runtime/index.js'
import { causeOf } from '../../runtime/internal.js'
import {
  BlockedKeyError,
  DONE,
  type Envelope,
  type MessageFacts,
  type Origin,
  type Outcome,
  type Position,
  type Right,
} from './delivery.js'

const RANK = { done: 0, retry: 1, reject: 2 } as const

/** The parts of a message: `flatThrough` made them. */
class Split {
  private _worst: Outcome = DONE

  constructor(
    readonly parent: Right,
    private _open: number,
  ) {}

  settled(outcome: Outcome): void {
    if (RANK[outcome.kind] > RANK[this._worst.kind]) this._worst = outcome
    if (--this._open === 0 && !this.parent.isSettled) this.parent.settle(this._worst)
  }
}

class PartRight implements Right {
  isSettled = false
  failures = 0

  constructor(
    private readonly _split: Split,
    readonly payload: unknown,
  ) {}

  get key(): string | null {
    return this._split.parent.key
  }
  get attempt(): number {
    return this._split.parent.attempt
  }
  get position(): Position {
    return this._split.parent.position
  }
  get headers(): ReadonlyMap<string, string> {
    return this._split.parent.headers
  }
  get ctx(): Context {
    return this._split.parent.ctx
  }
  get refusal(): Error | null {
    return this._split.parent.refusal
  }
  get origins(): readonly Origin[] {
    return this._split.parent.origins
  }
  settle(outcome: Outcome): void {
    this.isSettled = true
    this._split.settled(outcome)
  }
}

/** Rights for the parts of a message that is not settled; a message without parts is done. */
export function split(parent: Right, values: readonly unknown[]): readonly Right[] {
  if (values.length === 0) parent.settle(DONE)
  const all = new Split(parent, values.length)
  return values.map(() => new PartRight(all, parent.payload))
}

/** The right of a batch. Its position is that of its last message, its attempt the highest. */
class JoinedRight implements Right {
  isSettled = false
  failures = 0
  readonly key: string | null
  readonly attempt: number
  readonly headers: ReadonlyMap<string, string> = new Map()
  private _ctx: CancelContext | null = null

  constructor(private readonly _rights: readonly Right[]) {
    const [first] = _rights
    this.key = _rights.every(({ key }) => key === first.key) ? first.key : null
    this.attempt = _rights.reduce((most, { attempt }) => Math.max(most, attempt), 1)
  }

  get position(): Position {
    return this._rights[this._rights.length - 1].position
  }
  get payload(): unknown {
    return this._rights.map(({ payload }) => payload)
  }
  /** Null while the work of one of the messages may begin. */
  get refusal(): Error | null {
    const left = this._rights.filter(({ isSettled }) => !isSettled)
    return left.length > 0 && left.every(({ refusal }) => refusal !== null) ? left[0].refusal : null
  }
  get origins(): readonly Origin[] {
    return this._rights.flatMap(({ origins }) => origins)
  }
  get ctx(): Context {
    const [{ ctx }] = this._rights
    if (this._rights.every((right) => right.ctx === ctx)) return ctx
    return (this._ctx ??= endOfAny(this._rights))
  }
  settle(outcome: Outcome): void {
    this.isSettled = true
    this._ctx?.cancel()
    for (const right of this._rights) if (!right.isSettled) right.settle(ownOutcome(right, outcome))
  }
}

/** Each message of a batch is refused for its own key. */
function ownOutcome(right: Right, outcome: Outcome): Outcome {
  const isRefused = outcome.kind === 'reject' && outcome.cause instanceof BlockedKeyError
  return isRefused ? { kind: 'reject', cause: right.refusal ?? outcome.cause } : outcome
}

/** A context that ends with the first of these contexts. */
function endOfAny(rights: readonly MessageFacts[]): CancelContext {
  const [first, ...others] = new Set(rights.map(({ ctx }) => ctx))
  const joined = withCancel(first)
  const stops = others.map((ctx) => afterFunc(ctx, () => joined.cancel(causeOf(ctx))))
  afterFunc(joined, () => stops.forEach((stop) => stop()))
  return joined
}

export function join(envelopes: readonly Envelope<unknown>[]): Right {
  return new JoinedRight(envelopes.map(({ right }) => right))
}
