import { merge, type Observable } from 'rxjs'
import { after, background, go, select, withCancel, type CancelContext, type Context, type Goroutine } from '../../../runtime/index.js'
import { causeOf, checkContext, checkCount, checkFunction, checkOptions, checkTime, spawn } from '../../../runtime/internal.js'
import { workerPool, type Work } from '../../../operators/index.js'
import { currentScope, described, NOTHING } from '../../../operators/internal.js'
import type { Delivery } from '../delivery.js'
import { drain } from '../drain.js'
import { outgoing, publishing } from '../outgoing.js'
import { performing } from '../performing.js'
import type { DeadDelivery } from '../policy.js'
import { settle } from '../settle.js'
import { flatThrough, through } from '../through.js'
import {
  isRequest,
  linkOf,
  recordOf,
  topicOf,
  type Cancellation,
  type CheckedLink,
  type Reply,
  type Request,
  type StageLink,
} from './messages.js'
import { checkStage, type Definition, type Stage } from './stage.js'
import { uniqueName } from '../unique-name.js'

/** Options of `serve`. */
export interface ServeOptions {
  /** Items that are under way in this process at the same time; default 1. */
  readonly workers?: number
  /** Deliveries of an item, to processes that ended, before its caller has PoisonError; default 5. */
  readonly attempts?: number
  /** Called, and waited for, with a message that is no item of a caller. Without dead letters such a message ends `serve`. */
  readonly deadLetters?: (letter: DeadDelivery) => unknown
  /** ms from the end of the context until the work is cut off; default 30,000. */
  readonly within?: number
}

/**
 * Works for the callers of a stage, `stage.over(link, …)`, in whatever process. The end of `ctx` drains: no item is taken any
 * more, those that are under way end, and their results are sent.
 *
 * The items come from the topic with the name of the stage, as a queue; the reply to an item leaves before its
 * message is settled. An error of the work is a reply too, and ends nothing here. `join()` throws the error of the link,
 * or DrainError where the work was cut off; the end of `ctx` is no error. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const greet = stage('greet', { input: textSchema, output: textSchema }, (name) => `hello ${name}`)
 * using stop = withTimeout(background, 1000) // in a program: the context of main
 * yield* serve(stop, link, greet, { workers: 4 }).join()
 * ```
 */
export function serve(ctx: Context, link: StageLink, stage: Stage<never, unknown>, options?: ServeOptions): Goroutine<void> {
  checkContext('serve(ctx, link, stage)', ctx)
  const checked = linkOf('serve(ctx, link, stage)', link)
  const definition = checkStage('serve(ctx, link, stage)', stage)
  checkOptions('serve(ctx, link, stage, options)', options, ['workers', 'attempts', 'deadLetters', 'within'])
  const { workers = 1, attempts = 5, deadLetters = failing, within = 30_000 } = options ?? {}
  checkCount('serve(ctx, link, stage, { workers })', 1, workers)
  checkCount('serve(ctx, link, stage, { attempts })', 1, attempts)
  checkFunction('serve(ctx, link, stage, { deadLetters })', deadLetters)
  checkTime('serve(ctx, link, stage, { within })', within)
  return drain(ctx, new Server(definition, checked, { workers, attempts, deadLetters }).pipeline, { within })
}

function failing({ cause }: DeadDelivery): never {
  throw cause
}

/** ms of work after which the caller learns where a cancellation goes. */
const NOTICE = 50

class Server {
  private readonly _control: string
  private readonly _underWay = new Map<string, CancelContext>()

  constructor(
    private readonly _stage: Definition,
    private readonly _link: CheckedLink,
    private readonly _options: Required<Omit<ServeOptions, 'within'>>,
  ) {
    this._control = uniqueName(`${_stage.name}.control`)
  }

  get pipeline(): Observable<unknown> {
    const { name } = this._stage
    return described({ name: `serve ${name}`, holds: 0, unseen: 'the work of the stage' }, (subscriber) => {
      const { cleanup } = currentScope()
      const { workers, attempts } = this._options
      const deadLetters = (letter: DeadDelivery): unknown => this._given(letter)
      const items = this._link
        .from({ queue: name })
        .pipe(workerPool(workers, this._worker()), this._link.own.to({ topic: topicOf }), settle({ attempts, deadLetters }))
      const cancellations = this._link.own.from<Cancellation>({ queue: this._control, name: `cancellations of ${name}` })
      const canceling = through(({ replyTo, call }: Cancellation) => this._underWay.get(`${replyTo}/${call}`)?.cancel())
      subscriber.add(() => cleanup?.add(spawn(performing, ['link.remove()', this._link.remove(this._control)], null)))
      subscriber.add(merge(items, cancellations.pipe(workerPool(1, canceling), settle())).subscribe(subscriber))
    })
  }

  private _worker(): (delivery: Delivery<unknown>) => Work<Delivery<Reply>> {
    const replied = flatThrough((request: Request, ctx: Context) => this._reply(request, ctx))
    return (delivery) => {
      if (isRequest(delivery.value)) return replied(delivery as Delivery<Request>) // checked
      delivery.reject(new TypeError(`${String(delivery.position)} is no item of a caller of the stage "${this._stage.name}"`))
      return NOTHING as never // the engine knows it
    }
  }

  /** The reply to a request; none where the caller has left. */
  private *_reply({ replyTo, call, value }: Request, ctx: Context): Generator<never, readonly Reply[]> {
    using own = withCancel(ctx)
    const id = `${replyTo}/${call}`
    this._underWay.set(id, own)
    const working = go(this._stage.work, value, own)
    const ended = working.join().attempt()
    try {
      let end: { readonly case: string } = yield* select({ ended, over: own.done(), late: after(NOTICE) })
      if (end.case === 'late') {
        this._tell({ to: replyTo, call, kind: 'begun', control: this._control })
        end = yield* select({ ended, over: own.done() })
      }
      if (ctx.err()._tag === 'Some') throw causeOf(ctx)
      if (end.case === 'over') return []
      const result = yield* ended
      if (result._tag === 'Right') return [{ to: replyTo, call, kind: 'result', value: result.right }]
      return [{ to: replyTo, call, kind: 'error', error: recordOf(result.left) }]
    } finally {
      working.cancel()
      if (this._underWay.get(id) === own) this._underWay.delete(id)
    }
  }

  private _tell(reply: Reply): Goroutine<void> {
    const told = publishing(background, outgoing(reply), this._link.own.to({ topic: topicOf }))
    return go(function* telling() {
      yield* told.join().attempt() // without it the work elsewhere runs to its end
    })
  }

  /** The caller of an item that ended its processes has an error; anything else goes to the dead letters. */
  private *_given(letter: DeadDelivery): Generator<never, void> {
    const { payload, cause } = letter
    if (!isRequest(payload)) return void (yield* performing('serve({ deadLetters }): the result', this._options.deadLetters(letter)))
    const reply: Reply = { to: payload.replyTo, call: payload.call, kind: 'error', error: recordOf(cause) }
    yield* publishing(background, outgoing(reply), this._link.own.to({ topic: topicOf })).join()
  }
}
