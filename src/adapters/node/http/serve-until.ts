/**
 * A server that runs until a signal, and then drains.
 *
 *     serving ──intake ends──▶ draining ──last connection closed──▶ closed
 *        │                        └──ctx ends──▶ connections destroyed ──▶ closed
 *        └──error of the server: thrown
 *
 * Always true: when the routine is over, the server listens no more, no connection of it is open, and no listener of
 * this room is left on it.
 *
 * `server.close()` of Node waits for connections that are kept alive: it closes the idle ones, but not those that
 * become idle later. So each response says `connection: close` while the server drains, and connections are closed when
 * a response is complete. Node also takes a connection on which no byte has come for one with a request, and waits for
 * it: a browser or an agent opens such connections ahead. They are destroyed.
 */
import { choose, type Context, type Job } from '../../../runtime/index.js'
import {
  checkContext,
  checkMethod,
  checkRecord,
  PENDING,
  QueuedOperation,
  WaitQueue,
  Work,
  type Pending,
} from '../../../runtime/internal.js'

/** Options of `serveUntil`. */
export interface ServeOptions {
  /** Ends the service: no new connections after that. The second parameter of the function of `main`. */
  readonly intake: Context
  /** Ends the drain: the connections that are left are destroyed. The first parameter of the function of `main`. */
  readonly ctx: Context
}

/** The parts of a server of Node that are used: `http`, `https`, `http2`, and the `server` of a framework. */
export interface ServerLike {
  /** Adds a listener. */
  on(event: string, listener: (...args: unknown[]) => void): unknown
  /** Removes a listener. */
  off(event: string, listener: (...args: unknown[]) => void): unknown
  /** Accepts no connection from now on. Calls back once it is closed, with an error where it did not listen. */
  close(callback?: (error?: Error) => void): unknown
  /** Counts the connections. */
  getConnections?(callback: (error: Error | null, count: number) => void): unknown
  /** Closes the connections without a request. */
  closeIdleConnections?(): void
  /** Closes every connection. */
  closeAllConnections?(): void
}

interface Socket {
  readonly bytesRead?: number
  destroy(): unknown
  once(event: 'close', listener: () => void): unknown
}

interface Response {
  once(event: 'close', listener: () => void): unknown
  setHeader(name: string, value: string): unknown
  readonly headersSent: boolean
}

/**
 * Runs a server until `intake` ends, and drains it: the server accepts no connection, requests under way are finished,
 * and connections that are kept alive are closed, the idle ones at once and the others after their response. When `ctx`
 * ends, the connections that are left are destroyed, upgraded ones (WebSockets) too. Made for `main(fn, { drain })`;
 * the server may listen before or later.
 *
 * A job: it runs when it is performed, and results when every connection is closed. Throws the error of the server, the
 * same object (EADDRINUSE). A job that is canceled destroys the connections and closes the server before its performer
 * goes on. Throws TypeError for arguments of the wrong type. Source: `http.Server.Shutdown` of Go.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 *
 * const intake = withCancel(ctx)
 * const server = createServer((_request, response) => void response.end('hello')).listen(0)
 * afterFunc(intake, () => console.log('draining')) // draining
 * go(() => sleep(10).map(() => intake.cancel()))
 * yield* serveUntil(server, { intake, ctx })
 * ```
 */
export function serveUntil(server: ServerLike, options: ServeOptions): Job<void> {
  checkMethod('serveUntil(server)', 'a server of Node', server, 'close')
  checkRecord('serveUntil(server, options)', '{ intake, ctx }', options, ['intake', 'ctx'])
  checkContext('serveUntil(server, { intake })', options.intake)
  checkContext('serveUntil(server, { ctx })', options.ctx)
  return new Work('serveUntil', () => serving(server, options))
}

function* serving(server: ServerLike, { intake, ctx }: ServeOptions): Generator<never, void> {
  const service = new Service(server)
  try {
    yield* choose(service.closed(), intake.done(), ctx.done())
    service.drain()
    yield* choose(service.closed(), ctx.done())
  } finally {
    service.drain()
    service.destroyConnections()
    try {
      yield* service.closed()
    } finally {
      service.release()
    }
  }
}

/** In Bun no socket of a server counts what it has read: one with a request under way would look like one on which nothing was asked. */
const countsBytes = !('Bun' in globalThis)

class Service {
  readonly waiters = new WaitQueue()
  private readonly _sockets = new Set<Socket>()
  private readonly _responses = new Set<Response>()
  private _isDraining = false
  private _end: { readonly error?: unknown } | null = null

  constructor(private readonly _server: ServerLike) {
    for (const [event, listener] of this._listeners) _server.on(event, listener)
  }

  closed(): ServiceClosed {
    return new ServiceClosed(this)
  }

  /** Null while the server is open or its connections are. */
  get end(): { readonly error?: unknown } | null {
    return this._end
  }

  /** Accepts no connection. */
  drain(): void {
    if (this._isDraining) return
    this._isDraining = true
    for (const response of this._responses) closeAfter(response)
    this._server.close((error) => {
      if (error !== undefined) this._didNotListen()
    }) // emits `close` after the last connection
    this._server.closeIdleConnections?.()
    if (countsBytes) for (const socket of this._sockets) if (socket.bytesRead === 0) socket.destroy()
  }

  destroyConnections(): void {
    this._server.closeAllConnections?.()
    for (const socket of this._sockets) socket.destroy()
  }

  release(): void {
    for (const [event, listener] of this._listeners) this._server.off(event, listener)
  }

  private _accepted(socket: Socket): void {
    this._sockets.add(socket)
    socket.once('close', () => this._sockets.delete(socket))
  }

  private _requested(response: Response): void {
    this._responses.add(response)
    if (this._isDraining) closeAfter(response)
    response.once('close', () => {
      this._responses.delete(response)
      if (this._isDraining) setImmediate(() => this._server.closeIdleConnections?.()) // the connection is idle after this turn
    })
  }

  /** In Bun a server that did not listen emits no `close`: it never listened, or other code has closed it. */
  private _didNotListen(): void {
    try {
      this._server.getConnections?.((_error, count) => {
        if (count === 0) this._settle({})
      })
    } catch (error) {
      this._settle({ error }) // the server calls this
    }
  }

  /** A server that began to listen before the drain, and listens only now. */
  private _listens(): void {
    if (this._isDraining) this._server.close()
  }

  private _settle(end: { readonly error?: unknown }): void {
    this._end ??= end
    this.waiters.settleAll(undefined)
  }

  private readonly _listeners: readonly (readonly [event: string, listener: (...args: unknown[]) => void])[] = [
    ['connection', (socket) => this._accepted(socket as Socket)], // as the event says
    ['request', (_request, response) => this._requested(response as Response)], // as the event says
    ['listening', () => this._listens()],
    ['error', (error) => this._settle({ error })],
    ['close', () => this._settle({})],
  ]
}

/** The client sends no other request on this connection. A connection of http2 has no such header. */
function closeAfter(response: Response): void {
  if (!response.headersSent && 'shouldKeepAlive' in response) response.setHeader('connection', 'close')
}

class ServiceClosed extends QueuedOperation<void> {
  constructor(private readonly _service: Service) {
    super()
  }
  protected get waiters(): WaitQueue {
    return this._service.waiters
  }
  poll(): void | Pending {
    const { end } = this._service
    if (end === null) return PENDING
    if ('error' in end) throw end.error
  }
  override finish(): void {
    this.poll()
  }
  describe(): string {
    return 'server'
  }
}
