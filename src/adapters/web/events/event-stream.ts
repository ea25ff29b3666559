/**
 * The text of an event stream in events, from pieces that are cut anywhere: within a line, between CR and LF.
 *
 * Always true: a partial line is joined once, at its end; an event without its empty line is none.
 */

/** An event that a server sends. */
export interface ServerSentEvent {
  /** The name of the event; `message` where the server gives none. */
  readonly type: string
  /** The lines of the data, joined by LF. */
  readonly data: string
  /** The id that the server has given last; empty before. */
  readonly lastEventId: string
}

/** A response that is no event stream, or an event that is too long. */
export class EventStreamError extends Error {
  override readonly name = 'EventStreamError'
}

const LINE_END = /\r\n?|\n/g

export class EventStream {
  lastEventId: string
  /** The ms that the server asks a client to wait before the next connection. */
  retry = 0
  private _isAfterReturn = false
  private _partial = ''
  private _type = ''
  private _data: string[] = []
  private _length = 0

  constructor(
    lastEventId: string,
    private readonly _maxLength: number,
  ) {
    this.lastEventId = lastEventId
  }

  /** A connection begins: what the one before has left is dropped. */
  restart(): void {
    this._isAfterReturn = false
    this._partial = ''
    this._reset()
  }

  /** The events that the text completes. */
  *push(given: string): Generator<ServerSentEvent, void> {
    const text = this._isAfterReturn && given.startsWith('\n') ? given.slice(1) : given
    let from = 0
    for (const end of text.matchAll(LINE_END)) {
      const event = this._read(this._partial + text.slice(from, end.index))
      this._partial = ''
      from = end.index + end[0].length
      if (event !== null) yield event
    }
    this._partial += text.slice(from)
    this._isAfterReturn = text.endsWith('\r') || (given === '' && this._isAfterReturn)
    this._checkLength(this._partial.length)
  }

  /** An empty line ends the event. */
  private _read(line: string): ServerSentEvent | null {
    if (line === '') return this._dispatch()
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this._append(value)
    else if (field === 'event') this._type = value
    else if (field === 'id' && !value.includes('\0')) this.lastEventId = value
    else if (field === 'retry' && /^\d+$/.test(value)) this.retry = Number(value)
    return null
  }

  private _append(value: string): void {
    this._checkLength(value.length)
    this._length += value.length
    this._data.push(value)
  }

  private _checkLength(more: number): void {
    if (this._length + more > this._maxLength)
      throw new EventStreamError(
        `an event is longer than ${this._maxLength} characters; raise maxLength, or look whether the response is an event stream`,
      )
  }

  private _dispatch(): ServerSentEvent | null {
    const { _type: type, _data: data, lastEventId } = this
    this._reset()
    return data.length === 0 ? null : { type: type === '' ? 'message' : type, data: data.join('\n'), lastEventId }
  }

  private _reset(): void {
    this._type = ''
    this._data = []
    this._length = 0
  }
}
