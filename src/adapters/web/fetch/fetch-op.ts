/**
 * A request as an operation.
 *
 *     poll ──▶ PENDING: nothing is sent
 *     park ──▶ run queue ──▶ fetch(…, signal) ──response──▶ settled
 *                withdraw ──▶ aborts           undo ──▶ aborts: the body is not read
 *
 * A request is sent from the run queue, and only while its performer waits: a case of select that is not chosen because
 * another is ready has sent nothing.
 *
 * Always true: a performance sends at most one request, and aborts it unless its performer received the response.
 */
import { CanceledError, type Context, type Op } from '../../../runtime/index.js'
import {
  causeOf,
  checkContext,
  checkFlag,
  checkFunction,
  checkOptions,
  isThenable,
  Operation,
  PENDING,
  queue,
  type Failure,
  type Pending,
  type Resource,
  type Runnable,
  type Waiter,
  mistyped,
} from '../../../runtime/internal.js'
import { StatusError } from './status-error.js'

/** Options of `fetchOp`, beside those of `fetch`. */
export interface FetchOptions extends Omit<RequestInit, 'signal'> {
  /** Its end also ends a body that is still being read; as `signal` of `fetch`. */
  readonly ctx?: Context
  /** Throws StatusError for a status outside 200 to 299, without reading the body. Default false. */
  readonly throwStatus?: boolean
  /** In place of the `fetch` of the host. */
  readonly fetch?: (input: RequestInfo | URL, init: RequestInit) => Promise<Response>
}

/** The response of `fetchOp`: `using` cancels a body that was not read to its end. */
export type FetchResponse = Response & Disposable

/**
 * A request as an operation: it sends the request when it is performed and has to wait, and aborts the request when it is
 * given up: by `within(ctx)`, `timeout(ms)`, a select that chooses another case, a goroutine that is canceled. So a loser of a
 * select leaves no connection behind. Each performance sends a request of its own: a `Request` with a body, or a stream as a
 * body, serves one.
 *
 * It results in the Response; its body is a stream, for `receiverOf` and `fromReadableStream`, as fast as the reader asks.
 * `using response = yield* fetchOp(url)` cancels a body that was not read to its end, and so frees the connection; `ctx`
 * ends the body, too. Throws the error of `fetch`, the same object; StatusError with `throwStatus`; the cause of `ctx`.
 * Throws TypeError for options of the wrong type. Source: the Fetch Standard of WHATWG.
 *
 * @example
 * ```ts
 * using response = yield* fetchOp('data:text/plain,hello', { throwStatus: true }).timeout(1000)
 * console.log(yield* fromPromise(response.text())) // hello
 * ```
 */
export function fetchOp(input: RequestInfo | URL, options: FetchOptions = {}): Op<FetchResponse> {
  checkOptions('fetchOp(input, options)', options)
  if (((input as unknown) ?? null) === null) throw mistyped('fetchOp(input)', 'a URL or a Request', input) // from JavaScript
  const { ctx, throwStatus, fetch, ...init } = options
  if (ctx !== undefined) checkContext('fetchOp(input, { ctx })', ctx)
  checkFlag('fetchOp(input, { throwStatus })', throwStatus)
  if (fetch !== undefined) checkFunction('fetchOp(input, { fetch })', fetch)
  const others = [ctx?.signal, (init as RequestInit).signal, (input as { readonly signal?: AbortSignal }).signal] // of any object
  const send = (own: AbortSignal): Promise<Response> => {
    const signals = [own, ...others].filter((each) => each !== undefined && each !== null)
    return (fetch ?? globalThis.fetch)(input, { ...init, signal: signals.length > 1 ? AbortSignal.any(signals) : own })
  }
  return new Fetch(send, throwStatus === true, ctx)
}

class Fetch extends Operation<FetchResponse> implements Resource {
  readonly kind = 'fetch'

  constructor(
    private readonly _send: (signal: AbortSignal) => Promise<Response>,
    private readonly _throwsStatus: boolean,
    private readonly _ctx: Context | undefined,
  ) {
    super()
  }

  poll(): FetchResponse | Pending {
    if (this._ctx !== undefined && this._ctx.err()._tag === 'Some') throw causeOf(this._ctx)
    return PENDING
  }

  park(waiter: Waiter): void {
    waiter.raw = new Sending(waiter, this._send)
  }

  withdraw(waiter: Waiter): void {
    ;(waiter.raw as Sending).abort() // as parked
  }

  override finish(waiter: Waiter): FetchResponse {
    const response = (waiter.raw as Sending).take() // settled with it
    if (!this._throwsStatus || response.ok) return response
    response[Symbol.dispose]()
    throw new StatusError(response)
  }

  override undo(waiter: Waiter): void {
    ;(waiter.raw as Sending).abort() // settled with it
  }

  override resources(): readonly Resource[] {
    return [this]
  }

  describe(): string {
    return 'fetch'
  }
}

/** The request of a performance. */
class Sending implements Runnable {
  readonly scope = queue.scopeHere
  private readonly _controller = new AbortController()
  private _isOver = false
  private _response: Response | null = null
  private _failure: Failure | null = null

  constructor(
    private readonly _waiter: Waiter,
    private readonly _send: (signal: AbortSignal) => Promise<Response>,
  ) {
    queue.push(this)
  }

  /** For the run queue: sends. */
  run(): void {
    if (this._isOver) return
    let sent: Promise<Response>
    try {
      sent = this._send(this._controller.signal)
      if (!isThenable(sent)) throw mistyped('fetchOp(input, { fetch }): the result', 'a promise of a Response', sent)
    } catch (error) {
      return this._settle({ error })
    }
    Promise.resolve(sent).then(
      (response) => this._received(response),
      (error: unknown) => this._settle({ error }),
    )
  }

  private _received(response: Response): void {
    try {
      const given: unknown = response // from JavaScript
      if (typeof given !== 'object' || given === null)
        throw mistyped('fetchOp(input, { fetch }): the result', 'a promise of a Response', given)
      this._response = response
      if (this._isOver) void response.body?.cancel().catch(() => {})
      else this._settle(null)
    } catch (error) {
      this._settle({ error })
    }
  }

  private _settle(failure: Failure | null): void {
    if (this._isOver) return
    this._isOver = true
    this._failure = failure
    this._waiter.settle(this)
  }

  /** The response, for its performer; throws the error of the request. */
  take(): FetchResponse {
    if (this._failure !== null) throw this._failure.error
    const response = this._response as Response // settled
    const abort = (): void => {
      if (response.body !== null) this.abort()
    }
    return Object.defineProperty(response, Symbol.dispose, { value: abort, configurable: true }) as FetchResponse // with the method
  }

  /** Ends the request, and a body that was not read to its end. */
  abort(): void {
    this._isOver = true
    queue.callIn(this.scope, () => this._controller.abort(new CanceledError())) // listeners of the signal are code of the user
  }
}
