/** One connection of a WebSocket: its events as channels, and the sending at the speed of the socket. */
import { chan, select, sleep, type Chan, type Receiver } from '../../../runtime/index.js'
import { failedLate } from '../../../runtime/internal.js'
import type { EventTargetLike } from '../events/events-of.js'
import { WebSocketCloseError } from './close-error.js'

/** A message that is sent. */
export type WebSocketData = string | ArrayBuffer | ArrayBufferView<ArrayBuffer> | Blob

/** The parts of a WebSocket that are used: of the host, or of the package `ws`. */
export interface WebSocketLike extends EventTargetLike {
  binaryType: string
  /** Bytes that were sent and have not left. */
  readonly bufferedAmount: number
  /** Sends a message. */
  send(data: WebSocketData): void
  /** Closes the socket, with a code and a reason for the other side. */
  close(code?: number, reason?: string): void
  /** `ws` has both: the socket is not read meanwhile. */
  pause?(): void
  /** Reads the socket again after `pause`. */
  resume?(): void
}

interface SocketEvent {
  readonly data?: string | ArrayBuffer
  readonly code?: number
  readonly reason?: string
  readonly error?: unknown
}

/** ms between two looks at `bufferedAmount`, which has no event: the first wait, and the longest. */
const [FIRST, LONGEST] = [1, 32]

export class Connection {
  /** Receives when the socket is open. */
  readonly opened: Chan<void> = chan<void>(1)
  /** Closed when the socket is closed, with the error unless the close was normal. */
  readonly ended: Chan<never> = chan<never>()
  /** The close was normal. */
  isNormal = false
  private _error: unknown = undefined
  private readonly _listeners: Record<string, (event: SocketEvent) => void>

  constructor(
    private readonly _socket: WebSocketLike,
    url: string,
    arrived: (message: string | ArrayBuffer) => void,
  ) {
    _socket.binaryType = 'arraybuffer'
    this._listeners = {
      open: () => void this.opened.trySend(),
      message: ({ data }) => arrived(data as string | ArrayBuffer), // by the binaryType
      error: (event) => void (this._error = event.error),
      close: ({ code: given, reason = '' }) => {
        const code = given || 1006 // Deno has 0 for a connection that was refused
        this._forget()
        if (this.ended.isClosed) return // with an error of the socket's own functions
        this.isNormal = WebSocketCloseError.isNormal(code)
        this.ended.close(this.isNormal ? undefined : new WebSocketCloseError(url, code, reason, this._error))
      },
    }
    for (const [type, listener] of Object.entries(this._listeners)) _socket.addEventListener(type, listener)
  }

  private _forget(): void {
    // An `error` that comes late has a listener all the same: without one `ws` throws it.
    try {
      for (const [type, listener] of Object.entries(this._listeners)) if (type !== 'error') this._socket.removeEventListener(type, listener)
    } catch (error) {
      failedLate(error, { id: 0, name: 'webSocket: removeEventListener of the socket' })
    }
  }

  pause(): void {
    this._socket.pause?.()
  }

  resume(): void {
    this._socket.resume?.()
  }

  close(code: number, reason: string): void {
    try {
      this._socket.resume?.() // else its close would not be read
      this._closeWith(code, reason)
    } catch (cause) {
      if (!this.ended.isClosed) this.ended.close(cause) // of a socket that `create` made
    }
  }

  private _closeWith(code: number, reason: string): void {
    try {
      this._socket.close(code, reason)
    } catch {
      this._socket.close(1000, reason) // a browser sends only 1000 and 3000 to 4999
    }
  }

  /** Sends what `outgoing` gives while the socket is open. At its end the socket is closed. */
  *send(outgoing: Receiver<WebSocketData>, highWaterMark: number): Generator<never, void> {
    for (;;) {
      if (!(yield* this._hasRoom(highWaterMark))) return
      const chosen = yield* select({ ended: this.ended.closed(), message: outgoing.receive() }, { biased: true })
      if (chosen.case === 'ended') return
      if (chosen.value._tag === 'None') break
      this._socket.send(chosen.value.value)
    }
    this.close(1000, '')
    yield* this.ended.closed()
  }

  /** Waits until the socket has room; false at its end. */
  private *_hasRoom(highWaterMark: number): Generator<never, boolean> {
    for (let wait = FIRST; this._socket.bufferedAmount > highWaterMark; wait = Math.min(LONGEST, 2 * wait)) {
      const chosen = yield* select({ ended: this.ended.closed(), time: sleep(wait) }, { biased: true })
      if (chosen.case === 'ended') return false
    }
    return true
  }
}
