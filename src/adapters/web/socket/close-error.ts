/** The names of close codes, as the registry of the protocol has them. */
const NAMES: Readonly<Record<number, string>> = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no status',
  1006: 'abnormal closure',
  1007: 'invalid payload',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'mandatory extension',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
  1015: 'TLS handshake',
}

/**
 * A WebSocket was closed with another code than 1000. `cause` is the error of the socket, where the host shows it. Source:
 * RFC 6455, 7.4.
 */
export class WebSocketCloseError extends Error {
  override readonly name = 'WebSocketCloseError'
  /** The meaning of the code: `going away`, `abnormal closure`; `application` from 3000 up. */
  readonly meaning: string

  constructor(
    readonly url: string,
    readonly code: number,
    /** The reason that the other side gave; may be empty. */
    readonly reason: string,
    cause?: unknown,
  ) {
    const meaning = NAMES[code] ?? (code >= 3000 ? 'application' : 'unknown')
    super(
      `webSocket(${JSON.stringify(url)}): closed with ${code} (${meaning})${reason === '' ? '' : `: ${reason}`}`,
      cause === undefined ? undefined : { cause },
    )
    this.meaning = meaning
  }

  /** The close is no failure: the other side has finished. */
  static isNormal(code: number): boolean {
    return code === 1000 || code === 1005
  }
}
