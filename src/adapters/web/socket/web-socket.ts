/**
 * A WebSocket, paced both ways, that may connect again.
 *
 *     connecting ──open──▶ open: outgoing ──▶ socket ──▶ messages ──close 1000──▶ over
 *         ▲                        └──another close──▶ schedule ──ms──┐    └─null─▶ over, with the error
 *         └──────────────────────────────────────────────────────────┘
 *
 * Always true:
 * - at most one socket is open;
 * - a message leaves `outgoing` only when a socket is open and has room, so none waits in a socket that is not there;
 * - both channels are closed when the peer is over, with the error unless the close was normal.
 */
import {
  after,
  background,
  CanceledError,
  chan,
  now,
  select,
  sleep,
  withCancel,
  type Chan,
  type Context,
  type Op,
  type Receiver,
  type Schedule,
  type Sender,
} from '../../../runtime/index.js'
import {
  causeOf,
  causeOfThrown,
  checkContext,
  checkFunction,
  checkMethod,
  checkOneOf,
  checkRecord,
  checkTime,
  mistyped,
  outOfRange,
  PENDING,
  QueuedOperation,
  spawn,
  WaitQueue,
  type Failure,
  type Pending,
} from '../../../runtime/internal.js'
import { checkBuffer, Inbox, type FullPolicy } from '../events/inbox.js'
import { checkMark } from '../streams/mark.js'
import { Connection, type WebSocketData, type WebSocketLike } from './connection.js'
import { PausingBox } from './message-box.js'

/** ms that `await using` waits for the other side to close. */
const LONGEST_CLOSE = 5000

/** A message that is received. */
export type WebSocketMessage = string | ArrayBuffer

/** Options of `webSocket`. */
export interface WebSocketOptions {
  /** Messages that wait for a receive: a whole number from 1 up. */
  readonly capacity: number
  /**
   * The reaction of a full buffer. A WebSocket has no backpressure of its own: `drop-oldest` and `drop-newest` lose a message,
   * and `error` closes the socket with OverflowError. `pause` loses nothing, where the socket has `pause()` and `resume()`,
   * as that of `ws` does.
   */
  readonly policy: FullPolicy | 'pause'
  /** The subprotocols to offer. */
  readonly protocols?: string | string[]
  /** Makes the socket; default: the WebSocket of the host. For `ws`: `(url) => new WebSocket(url)`. */
  readonly create?: (url: string, protocols?: string | string[]) => WebSocketLike
  /** Bytes of `bufferedAmount` above which a send waits. Default 65,536. */
  readonly highWaterMark?: number
  /** Returns the ms before the next connection, or null to give up. Default: no second connection. */
  readonly reconnect?: Schedule
  /** Its end closes the socket, and both channels with its cause. Default: `background`. */
  readonly ctx?: Context
}

/** A WebSocket as a receiver and a sender. `using` and `await using` close it; the last waits for the close. */
export interface WebSocketPeer extends Disposable, AsyncDisposable {
  /** The messages: strings and ArrayBuffers. Closed with the end of the peer. */
  readonly messages: Receiver<WebSocketMessage>
  /** A send waits until a socket is open and has room. `close()` closes the socket when everything before is sent. */
  readonly outgoing: Sender<WebSocketData>
  /** Waits until a socket is open. Throws the error of a peer that is over before. */
  opened(): Op<void>
  /**
   * Closes the socket with a code from 1000 to 4999; default 1000. A browser sends 1000 in place of a code from 1001 to 2999.
   * The reason has at most 123 bytes. Messages that were received can still be received. Throws TypeError and RangeError for bad
   * arguments.
   */
  close(code?: number, reason?: string): void
}

/**
 * A WebSocket with a receiver of its messages and a sender. A send waits while more than `highWaterMark` bytes are in the
 * socket; received messages wait in a buffer of `capacity`, whose `policy` is stated. With `reconnect` a connection that
 * ends otherwise than by code 1000 is followed by another, when the schedule says; its `attempts` count from the last
 * connection that was open. Messages that were in the socket when a connection ended are lost.
 *
 * When the peer is over, `messages` results in none after a normal close (1000, or no code), and else throws the
 * WebSocketCloseError with its code, after the messages before it; a send throws "send on closed channel" with the error as its cause.
 * Throws TypeError and RangeError for bad options, and TypeError where the host has no WebSocket. Source: the WebSockets
 * Standard of WHATWG.
 *
 * @example
 * ```ts
 * function* chat(ctx: Context) {
 *   using peer = webSocket('wss://example.com/chat', { capacity: 100, policy: 'drop-oldest', reconnect: backoff(), ctx })
 *   yield* peer.outgoing.send('hello')
 *   for (const it = range(peer.messages); yield* it.next(); ) console.log(it.value)
 * }
 * ```
 */
export function webSocket(url: string | URL, options: WebSocketOptions): WebSocketPeer {
  if (typeof url !== 'string' && !(url instanceof URL)) throw mistyped('webSocket(url)', 'an URL', url)
  const { policy, create, reconnect, highWaterMark = 65_536, ctx = background } = checked(options)
  if (create !== undefined) checkFunction('webSocket(url, { create })', create)
  if (reconnect !== undefined) checkFunction('webSocket(url, { reconnect })', reconnect)
  checkMark('webSocket(url, { highWaterMark })', highWaterMark)
  checkProtocols(options.protocols)
  checkContext('webSocket(url, { ctx })', ctx)
  checkOneOf('webSocket(url, { policy })', ['drop-oldest', 'drop-newest', 'error', 'pause'], policy)
  return new Peer(String(url), options)
}

function checked(options: WebSocketOptions): WebSocketOptions {
  checkRecord('webSocket(url, options)', '{ capacity, policy }', options, OPTIONS)
  const { capacity, policy } = options
  checkBuffer('webSocket(url, options)', { capacity, policy: policy === 'pause' ? 'error' : policy })
  return options
}

const OPTIONS = ['capacity', 'policy', 'protocols', 'create', 'highWaterMark', 'reconnect', 'ctx']

function checkProtocols(given: unknown): void {
  const isList = Array.isArray(given) && given.every((name) => typeof name === 'string')
  if (given !== undefined && typeof given !== 'string' && !isList)
    throw mistyped('webSocket(url, { protocols })', 'the name of a subprotocol, or an array of names', given)
}

/** The codes that a close may send. */
function checkGoodbye(code: unknown, reason: unknown): void {
  const expected = 'a whole number from 1000 to 4999'
  if (typeof code !== 'number') throw mistyped('webSocket(url).close(code)', expected, code)
  if (!Number.isInteger(code) || code < 1000 || code > 4999) throw outOfRange('webSocket(url).close(code)', expected, code)
  const where = 'webSocket(url).close(code, reason)'
  if (typeof reason !== 'string') throw mistyped(where, 'a string', reason)
  if (new TextEncoder().encode(reason).length > 123) throw outOfRange(where, 'at most 123 bytes of text', reason)
}

interface Host {
  /** Node 20 has none. */
  readonly WebSocket?: new (url: string, protocols?: string | string[]) => WebSocketLike
}

const hostSocket = (url: string, protocols?: string | string[]): WebSocketLike => {
  const { WebSocket } = globalThis as Host // it may be missing
  if (WebSocket === undefined)
    throw new TypeError('webSocket(url): this host has no WebSocket; pass { create }, with the package ws for example')
  return new WebSocket(url, protocols)
}

class Peer implements WebSocketPeer {
  readonly messages: Inbox<WebSocketMessage>
  readonly outgoing: Chan<WebSocketData> = chan<WebSocketData>()
  private readonly _ctx
  private _isOpen = false
  private readonly _opening = new WaitQueue()
  /** The error of a peer that is over. */
  private _failure: Failure | null = null
  private _connection: Connection | null = null
  private _goodbye: readonly [code: number, reason: string] = [1000, '']

  constructor(
    private readonly _url: string,
    private readonly _options: WebSocketOptions,
  ) {
    const { capacity, policy } = _options
    const where = `webSocket(${JSON.stringify(_url)})`
    this.messages = policy === 'pause' ? new PausingBox(where, capacity) : new Inbox(where, { capacity, policy })
    this._ctx = withCancel(_options.ctx ?? background)
    const ended = (_: unknown, failure: Failure | null): boolean => {
      this._end(failure)
      return true // both channels have it
    }
    spawn(() => this._connecting(), [], { ended }, 'webSocket')
  }

  opened(): Op<void> {
    return new Opened(this._opening, () => {
      if (this._failure !== null) throw this._failure.error
      return this._isOpen
    })
  }

  close(code = 1000, reason = ''): void {
    checkGoodbye(code, reason)
    this._goodbye = [code, reason]
    this._ctx.cancel()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    const { _connection: last } = this
    if (last !== null) await select({ closed: last.ended.closed(), late: after(LONGEST_CLOSE) })
  }

  private *_connecting(): Generator<never, void> {
    const { reconnect } = this._options
    let attempts = 0
    let began = now()
    for (;;) {
      const connection = yield* this._connected()
      if (connection.wasOpen) [attempts, began] = [0, now()]
      if (connection.isNormal || this.messages.isClosed) return
      const cause = connection.cause
      const wait = reconnect?.({ attempts: ++attempts, cause, elapsed: now() - began }) ?? null
      if (wait === null) throw cause
      checkTime('webSocket(url, { reconnect }): the return value of the schedule', wait)
      yield* sleep(wait).within(this._ctx)
    }
  }

  /** One connection, from its beginning to its end. */
  private *_connected(): Generator<never, { wasOpen: boolean; isNormal: boolean; cause: unknown }> {
    const connection = this._connect()
    let wasOpen = false
    try {
      const chosen = yield* select({ opened: connection.opened.receive(), ended: connection.ended.closed() }, { biased: true }).within(
        this._ctx,
      )
      wasOpen = chosen.case === 'opened'
      if (wasOpen) {
        this._opens()
        yield* this._sending(connection)
      }
    } finally {
      this._isOpen = false
      connection.close(...this._goodbye)
    }
    const end = yield* connection.ended.receive().attempt()
    return { wasOpen, isNormal: connection.isNormal, cause: end._tag === 'Left' ? end.left : undefined }
  }

  private _connect(): Connection {
    const { create = hostSocket, protocols, policy } = this._options
    const socket = create(this._url, protocols)
    checkMethod('webSocket(url, { create }): the result', 'a WebSocket', socket, 'addEventListener')
    if (policy === 'pause' && (typeof socket.pause !== 'function' || typeof socket.resume !== 'function'))
      throw new TypeError('webSocket(url, { policy: "pause" }): the socket has no pause() and resume(); choose a policy that drops')
    const connection = new Connection(socket, this._url, (message) => {
      if (!this.messages.arrive(message)) this._ctx.cancel()
    })
    if (this.messages instanceof PausingBox) this.messages.socket = connection
    return (this._connection = connection)
  }

  /** A send is under way only while the connection is. */
  private *_sending(connection: Connection): Generator<never, void> {
    const sending = spawn(() => connection.send(this.outgoing, this._options.highWaterMark ?? 65_536), [], null, 'webSocket send')
    try {
      yield* sending.join().within(this._ctx)
    } finally {
      sending.cancel()
    }
  }

  private _opens(): void {
    this._isOpen = true
    this._opening.settleAll(undefined)
  }

  private _end(failure: Failure | null): void {
    const cause = this._causeOf(failure)
    this._ctx.cancel()
    this._failure = { error: cause ?? new CanceledError() }
    if (!this.messages.isClosed) this.messages.close(cause)
    if (!this.outgoing.isClosed) this.outgoing.close(this._failure.error)
    this._opening.settleAll(undefined)
  }

  /** The error of the peer; undefined after a normal close, and after `close()`. */
  private _causeOf(failure: Failure | null): unknown {
    const { ctx } = this._options
    if (this.messages.overflow !== null) return this.messages.overflow
    if (ctx !== undefined && ctx.err()._tag === 'Some') return causeOf(ctx)
    return failure === null || this._ctx.err()._tag === 'Some' ? undefined : causeOfThrown(failure.error)
  }
}

class Opened extends QueuedOperation<void> {
  constructor(
    protected readonly waiters: WaitQueue,
    private readonly _isOpen: () => boolean,
  ) {
    super()
  }
  poll(): void | Pending {
    return this._isOpen() ? undefined : PENDING
  }
  override finish(): void {
    this._isOpen() // it throws the error of a peer that is over
  }
  describe(): string {
    return 'socket open'
  }
}
