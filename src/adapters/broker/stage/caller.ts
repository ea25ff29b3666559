/**
 * The calls of a stage that is placed elsewhere: an item goes out as a request, and its reply comes back by its number.
 *
 *     call ──request──▶ a process that serves ──the work takes long: begun──▶ a cancellation has an address
 *       ▲                     └──result or error──▶ the topic of replies of this caller ──┐
 *       └─────────────────────────────────────────────────────────────────────────────────┘
 *
 * Always true: a call is in `_calls` until its reply has come or nobody wants the result; a reply to another call is
 * settled and forgotten, since the broker may deliver twice.
 */
import type { Observable } from 'rxjs'
import {
  background,
  chan,
  go,
  select,
  withCancel,
  withTimeout,
  type CancelContext,
  type Chan,
  type Goroutine,
} from '../../../runtime/index.js'
import { causeOfThrown, spawn } from '../../../runtime/internal.js'
import { fromReceiver, run, workerPool } from '../../../operators/index.js'
import { currentScope } from '../../../operators/internal.js'
import type { Delivery } from '../delivery.js'
import { outgoing, publishing } from '../outgoing.js'
import { performing } from '../performing.js'
import { settle } from '../settle.js'
import { through } from '../through.js'
import { errorOf, topicOf, type Cancellation, type CheckedLink, type Reply, type Request } from './messages.js'
import { uniqueName } from '../unique-name.js'

interface Call {
  readonly reply: Chan<Reply>
  /** The topic for a cancellation, once the work is known to have begun. */
  control: string | null
}

/** ms that a caller that leaves waits for the broker to have its cancellations. */
const LEAVE = 1000

export class Caller {
  private readonly _replyTo: string
  private readonly _calls = new Map<number, Call>()
  private readonly _requests = chan<Delivery<Request>>()
  private readonly _ctx = withCancel(background)
  private readonly _cleanup = currentScope().cleanup
  /** Cancellations on their way to the broker. */
  private readonly _told = new Set<Goroutine<void>>()
  private _count = 0
  private _failure: { readonly error: unknown } | null = null

  constructor(
    private readonly _name: string,
    private readonly _link: CheckedLink,
    workers: number,
  ) {
    this._replyTo = uniqueName(`${_name}.replies`)
    const replies = _link.own.from<Reply>({ queue: this._replyTo, name: `replies of ${_name}` })
    this._runs(fromReceiver(this._requests).pipe(_link.to({ topic: topicOf })))
    this._runs(replies.pipe(workerPool(workers, through((reply) => this._take(reply))), settle())) // prettier-ignore
  }

  private _runs(pipeline: Observable<unknown>): void {
    const running = run(this._ctx, pipeline)
    go(function* watch(caller: Caller): Generator<never, void> {
      const end = yield* running.join().attempt()
      if (end._tag === 'Left') caller._fail(end.left)
    }, this)
  }

  private _fail(error: unknown): void {
    this._failure ??= { error }
    for (const { reply } of this._calls.values()) reply.close(causeOfThrown(error))
    this._calls.clear()
    this._ctx.cancel()
  }

  *call(value: unknown): Generator<never, unknown> {
    if (this._failure !== null) throw this._failure.error
    const call = this._count++
    const reply = chan<Reply>(1)
    this._calls.set(call, { reply, control: null })
    try {
      const refused = (error: unknown): void => {
        if (this._calls.delete(call)) reply.close(causeOfThrown(error))
      }
      const sent = this._requests.send(outgoing({ to: this._name, replyTo: this._replyTo, call, value }, { refused }))
      const first = yield* select({ sent, replied: reply.receive() })
      const received = first.case === 'replied' ? first.value : yield* reply.receive()
      if (received._tag === 'None') throw new Error(`stage "${this._name}": the link has ended`)
      const given = received.value
      if (given.kind === 'error') throw errorOf(given.error)
      return given.kind === 'result' ? given.value : undefined
    } finally {
      const open = this._calls.get(call)
      this._calls.delete(call)
      if (open !== undefined && open.control !== null) this._cancel(call, open.control)
    }
  }

  private _take(reply: Reply): null {
    const { call } = reply
    const open = this._calls.get(call)
    if (reply.kind !== 'begun') {
      this._calls.delete(call)
      open?.reply.trySend(reply)
    } else if (open !== undefined) open.control = reply.control
    else this._cancel(call, reply.control)
    return null
  }

  private _cancel(call: number, to: string): void {
    const message: Cancellation = { to, replyTo: this._replyTo, call }
    const told = go(telling, withTimeout(background, LEAVE), outgoing(message), this._link, () => this._told.delete(told))
    this._told.add(told)
  }

  /** Nobody wants results any more: what is known to run elsewhere is canceled. */
  leave(): void {
    for (const [call, { control }] of this._calls) if (control !== null) this._cancel(call, control)
    this._calls.clear()
    this._cleanup?.add(spawn(() => this._leaving(), [], null))
  }

  private *_leaving(): Generator<never, void> {
    for (const told of [...this._told]) yield* told.join()
    this._ctx.cancel()
    yield* performing('link.remove()', this._link.remove(this._replyTo))
  }
}

/** Publishes a cancellation; without one the work elsewhere runs to its end. */
function* telling(ctx: CancelContext, message: Delivery<Cancellation>, link: CheckedLink, ended: () => void): Generator<never, void> {
  using late = ctx
  try {
    yield* publishing(late, message, link.own.to({ topic: topicOf }))
      .join()
      .attempt()
  } finally {
    ended()
  }
}
