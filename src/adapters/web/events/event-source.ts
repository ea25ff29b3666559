/**
 * Server-sent events over `fetch`, as fast as the receiver takes them.
 *
 *     connecting ──200──▶ reading: body ──▶ events ──▶ inbox ──end──▶ schedule ──ms──▶ connecting
 *         │204                  └──no event stream, too long──▶ over       └──null──▶ over
 *         ▼ over
 *
 * Always true: the body is read only while the inbox has room; at most one response is open.
 */
import { background, now, range, sleep, withCancel, type Schedule } from '../../../runtime/index.js'
import {
  causeOf,
  causeOfThrown,
  checkContext,
  checkCount,
  checkFunction,
  checkOptions,
  checkTime,
  mistyped,
  spawn,
  type Failure,
} from '../../../runtime/internal.js'
import { fetchOp, type FetchOptions, type FetchResponse } from '../fetch/fetch-op.js'
import { receiverOf } from '../streams/receiver-of.js'
import { EventStream, EventStreamError, type ServerSentEvent } from './event-stream.js'
import { Inbox, type EventReceiver } from './inbox.js'

/** Options of `eventSource`, beside those of `fetch`. */
export interface EventSourceOptions extends Omit<FetchOptions, 'throwStatus'> {
  /** Events that wait for a receive; while that number waits, the body is not read. A whole number from 1 up. Default 16. */
  readonly capacity?: number
  /**
   * Returns the ms before the next connection, or null to give up; the `attempts` count from the last event. A wait is at least as
   * long as the `retry` of the server. Default: no second connection.
   */
  readonly reconnect?: Schedule
  /** The id after which the server continues. Default: empty, from where the server likes. */
  readonly lastEventId?: string
  /** The longest event, in characters. Default 16,777,216. */
  readonly maxLength?: number
}

/**
 * Server-sent events as a receiver, over `fetch`: with headers, a method and a body, and with backpressure, which the EventSource
 * of a browser has not. The body is read while fewer than `capacity` events wait. With `reconnect` a connection that ends or fails
 * is followed by another, when the schedule says, and the server is asked to continue after the last event.
 *
 * A receive waits for an event. It results in none at the end of the stream, and at status 204; throws the error of `fetch` or of
 * the body, the same object, StatusError for a status outside 200 to 299, and EventStreamError for a response of another type and
 * for an event longer than `maxLength`. `cancel`, `using` and the end of `ctx` close the connection. Throws TypeError and
 * RangeError for bad arguments. Source: the HTML Standard of WHATWG.
 *
 * @example
 * ```ts
 * const events = eventSource('data:text/event-stream,data: hello%0A%0Aevent: bye%0Adata: 1%0A%0A')
 * for (const it = range(events); yield* it.next(); ) console.log(it.value.type, it.value.data)
 * ```
 */
export function eventSource(url: string | URL, options: EventSourceOptions = {}): EventReceiver<ServerSentEvent> {
  if (typeof url !== 'string' && !(url instanceof URL)) throw mistyped('eventSource(url)', 'an URL', url)
  checkOptions('eventSource(url, options)', options)
  const { capacity = 16, maxLength = 2 ** 24, reconnect, lastEventId = '', ctx, fetch } = options
  checkCount('eventSource(url, { capacity })', 1, capacity)
  checkCount('eventSource(url, { maxLength })', 1, maxLength)
  if (reconnect !== undefined) checkFunction('eventSource(url, { reconnect })', reconnect)
  if (fetch !== undefined) checkFunction('eventSource(url, { fetch })', fetch)
  if (typeof lastEventId !== 'string') throw mistyped('eventSource(url, { lastEventId })', 'a string', lastEventId)
  if (ctx !== undefined) checkContext('eventSource(url, { ctx })', ctx)
  return new Source(String(url), options, new EventStream(lastEventId, maxLength)).inbox
}

class Source {
  readonly inbox: Inbox<ServerSentEvent>
  private readonly _ctx
  private _hasReceived = false

  constructor(
    private readonly _url: string,
    private readonly _options: EventSourceOptions,
    private readonly _stream: EventStream,
  ) {
    const { capacity = 16, ctx = background } = _options
    this._ctx = withCancel(ctx)
    this.inbox = new Inbox<ServerSentEvent>(`eventSource(${JSON.stringify(_url)})`, { capacity, policy: 'error' })
    this.inbox.onClose(() => this._ctx.cancel())
    const ended = (_: unknown, failure: Failure | null): boolean => {
      this._end(failure)
      return true // the inbox has it
    }
    spawn(() => this._connecting(), [], { ended }, 'eventSource')
  }

  private *_connecting(): Generator<never, void> {
    const { reconnect } = this._options
    let attempts = 0
    let began = now()
    for (;;) {
      const end = yield* this._connected()
      if (end === 'over' || this.inbox.isClosed) return
      if (this._hasReceived) [attempts, began, this._hasReceived] = [0, now(), false]
      const cause = end?.error ?? new EventStreamError(`${this._url}: the server has ended the stream`)
      const wait = reconnect?.({ attempts: ++attempts, cause, elapsed: now() - began }) ?? null
      if (wait === null && end === null) return
      if (wait === null) throw cause
      checkTime('eventSource(url, { reconnect }): the return value of the schedule', wait)
      yield* sleep(Math.max(wait, this._stream.retry)).within(this._ctx)
    }
  }

  /** One connection, from its beginning to its end. Returns its failure; null where the server has ended it. */
  private *_connected(): Generator<never, Failure | 'over' | null> {
    let response: FetchResponse | null = null
    try {
      response = yield* fetchOp(this._url, this._request()).within(this._ctx)
      if (response.status === 204) return 'over'
      yield* this._read(response)
      return null
    } catch (error) {
      if (error instanceof EventStreamError || this._ctx.err()._tag === 'Some') throw error
      return { error }
    } finally {
      response?.[Symbol.dispose]()
    }
  }

  private _request(): FetchOptions {
    const { capacity: _, maxLength: __, reconnect: ___, lastEventId: ____, headers: given, ctx: _____, ...others } = this._options
    const headers = new Headers(given)
    if (!headers.has('accept')) headers.set('accept', 'text/event-stream')
    const { lastEventId } = this._stream
    if (lastEventId !== '') headers.set('last-event-id', encoded(lastEventId))
    return { cache: 'no-store', ...others, headers, throwStatus: true }
  }

  private *_read(response: FetchResponse): Generator<never, void> {
    const type = response.headers.get('content-type') ?? 'none'
    if (!/^text\/event-stream\s*(;|$)/i.test(type))
      throw new EventStreamError(`${this._url}: expected the content type text/event-stream, got ${type}`)
    if (response.body === null) return
    const [decoder, stream, chunks] = [new TextDecoder(), this._stream, receiverOf(response.body)]
    stream.restart()
    try {
      for (const it = range(chunks); yield* it.next().within(this._ctx);)
        for (const event of stream.push(decoder.decode(it.value, { stream: true }))) {
          this._hasReceived = true
          yield* this.inbox.send(event).within(this._ctx)
        }
    } finally {
      chunks.cancel() // also where a `fetch` of the user does not honor its signal
    }
  }

  private _end(failure: Failure | null): void {
    const { ctx } = this._options
    const isLeft = this.inbox.isClosed
    this._ctx.cancel()
    if (isLeft) return
    if (ctx !== undefined && ctx.err()._tag === 'Some') this.inbox.close(causeOf(ctx))
    else if (failure === null) this.inbox.close()
    else this.inbox.close(causeOfThrown(failure.error))
  }
}

/** The bytes of UTF-8, one in each character: a header takes no others. */
function encoded(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text))
}
