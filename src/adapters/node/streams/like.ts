/**
 * The parts of Node's streams that this room uses. Any stream of Node has them; so the declarations of `millrace/node`
 * do not need the types of Node.
 */
interface Emitter {
  /** Adds a listener. */
  on(event: string, listener: (value: unknown) => void): unknown
  /** Adds a listener for the next event. */
  once(event: string, listener: (value: unknown) => void): unknown
  /** Removes a listener. */
  off(event: string, listener: (value: unknown) => void): unknown
}

/** A stream that `receiverOf` reads: a file, a socket, a request, the output of a process. */
export interface ReadableLike extends Emitter {
  /** The next chunk of the buffer; null where the buffer is empty. */
  read(): unknown
  /** Ends the stream, and frees its resources. */
  destroy(error?: Error): unknown
  readonly destroyed: boolean
  readonly readableLength: number
  readonly readableHighWaterMark: number
}

/** A stream that `senderOf` writes: a file, a socket, a response, the input of a process. */
export interface WritableLike extends Emitter {
  /** Returns whether the buffer has room for more. */
  write(chunk: unknown): boolean
  /** Ends the stream after the chunks that were written. */
  end(): unknown
  /** Ends the stream at once, and frees its resources. */
  destroy(error?: Error): unknown
  readonly destroyed: boolean
  readonly writable: boolean
  readonly writableEnded: boolean
  readonly writableLength: number
  readonly writableHighWaterMark: number
  readonly writableNeedDrain: boolean
}
