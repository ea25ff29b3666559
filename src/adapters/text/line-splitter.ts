/**
 * Text in lines, from chunks that are cut anywhere: within a line, between CR and LF, within a character of UTF-8.
 *
 * Always true: a partial line is kept in parts and joined once, so a line of many chunks costs no more than its length.
 */

/** A line is longer than allowed. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError'
  constructor(
    /** The number of the line; the first line is 1. */
    readonly line: number,
    maxLength: number,
  ) {
    super(`line ${line} is longer than ${maxLength} characters; raise maxLength, or look whether the input is text in lines`)
  }
}

export class LineSplitter {
  /** The number of the line that comes next; the first line is 1. */
  line = 1
  private readonly _decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  /** The decoder may hold the beginning of a character. */
  private _hasBytes = false
  private _isBegun = false
  private _parts: string[] = []
  private _length = 0

  constructor(private readonly _maxLength: number) {}

  /** Calls `emit` for each line that the chunk completes. */
  split(chunk: string | Uint8Array, emit: (line: string, number: number) => void): void {
    const text = this._unmarked(this._textOf(chunk))
    let from = 0
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
      this._keep(text.slice(from, at))
      from = at + 1
      emit(this._take(), this.line++)
    }
    this._keep(text.slice(from))
  }

  /** The last line, where no line end follows; null where there is none. */
  end(): string | null {
    this._keep(this._unmarked(this._decoder.decode()))
    return this._length === 0 ? null : this._take()
  }

  /** A character that a string cuts off comes before the string. */
  private _textOf(chunk: string | Uint8Array): string {
    if (typeof chunk === 'string' && !this._hasBytes) return chunk
    this._hasBytes = typeof chunk !== 'string'
    return typeof chunk === 'string' ? this._decoder.decode() + chunk : this._decoder.decode(chunk, { stream: true })
  }

  /** Without a byte order mark at the beginning, of bytes or of strings. */
  private _unmarked(text: string): string {
    if (this._isBegun || text === '') return text
    this._isBegun = true
    return text.startsWith('\ufeff') ? text.slice(1) : text
  }

  private _keep(part: string): void {
    if (part === '') return
    this._length += part.length
    if (this._length > this._maxLength) throw new LineTooLongError(this.line, this._maxLength)
    this._parts.push(part)
  }

  private _take(): string {
    const line = this._parts.length === 1 ? this._parts[0] : this._parts.join('')
    this._parts = []
    this._length = 0
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }
}
