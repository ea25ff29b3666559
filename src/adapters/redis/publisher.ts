/**
 * Publishing by batches: messages that wait while a script is under way go out together with the next.
 *
 * Always true: one script of a stream is under way at a time, so that messages are stored in the order in which they were given.
 */
import { chan, go, type Op } from '../../runtime/index.js'
import { mistyped } from '../../runtime/internal.js'
import { translated, type Server } from './client.js'
import { RedisFullError } from './errors.js'
import { tagged } from './queue-driver.js'
import { PUBLISH } from './scripts.js'

export interface Publishing {
  /** JSON. */
  readonly value: string
  readonly key: string | null
  /** JSON of texts; empty without headers. */
  readonly headers: string
  readonly id: string | null
}

/** The settings of a stream that is published to. */
export interface Storing {
  readonly limit: number
  readonly trim: readonly [how: '' | 'MAXLEN' | 'MINID', threshold: number]
  /** ms for which the ids of messages are known. */
  readonly within: number
}

interface Waiting {
  readonly message: Publishing
  settled(failure: { readonly error: unknown } | null): void
}

/** The most messages of a script, and about as many characters. */
const MOST = 256
const MOST_TEXT = 1 << 20

export class Publisher {
  private _waiting: Waiting[] = []
  private _isRunning = false

  constructor(
    private readonly _server: Server,
    private readonly _stream: string,
    private readonly _storing: Storing,
  ) {}

  /** Completes when the message is stored. */
  publish(message: Publishing): Op<void> {
    const stored = chan<{ readonly error: unknown } | null>(1)
    this._waiting.push({ message, settled: (failure) => void stored.trySend(failure) })
    if (!this._isRunning) {
      this._isRunning = true
      go(() => this._run())
    }
    return stored.receive().map((answer) => {
      if (answer._tag === 'Some' && answer.value !== null) throw answer.value.error
    })
  }

  private *_run(): Generator<never, void> {
    while (this._waiting.length > 0) {
      const batch = this._next()
      try {
        const places = this._server.rows(yield* this._store(batch))
        for (const [i, one] of batch.entries()) one.settled(this._failureOf(places[i]))
      } catch (error) {
        for (const one of batch) one.settled({ error })
      }
    }
    this._isRunning = false
  }

  private _next(): readonly Waiting[] {
    let [n, size] = [0, 0]
    for (const { message } of this._waiting) {
      size += message.value.length
      if (n === MOST || (n > 0 && size > MOST_TEXT)) break
      n++
    }
    return this._waiting.splice(0, n)
  }

  private *_store(batch: readonly Waiting[]): Generator<never, unknown> {
    yield* this._server.check()
    const { limit, trim, within } = this._storing
    const given = (text: string | null): string => (text === null ? '' : `+${text}`)
    const messages = batch.flatMap(({ message: { id, value, key, headers } }) => [
      given(id),
      value,
      given(key),
      given(headers === '' ? null : headers),
    ])
    const keys = [this._stream, `${tagged(this._stream)}:millrace:ids`]
    return yield* this._server.eval(PUBLISH, keys, [limit, ...trim, within, ...messages])
  }

  private _failureOf(place: unknown): { readonly error: unknown } | null {
    const { where } = this._server
    if (typeof place !== 'string') return { error: mistyped(`${where}: client.call(): the result`, 'the id of an entry', place) }
    if (place === 'full') return { error: new RedisFullError(where, this._stream, this._storing.limit) }
    if (place.startsWith('!')) return { error: translated(where, Object.assign(new Error(place.slice(1)), { name: 'ReplyError' })) }
    return null
  }
}
