/** Publishing to a stream: a script stores a batch of messages, each of which may be refused by itself. */
import { mistyped, type Failure } from '../../runtime/internal.js'
import { BatchPublisher, type Unstored } from '../broker/internal.js'
import { translated, type Server } from './client.js'
import { RedisFullError } from './errors.js'
import { tagged } from './keys.js'
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

/** The most messages of a script, and about as many characters. */
const MOST = 256
const MOST_TEXT = 1 << 20

export class Publisher extends BatchPublisher<Publishing> {
  constructor(
    private readonly _server: Server,
    private readonly _stream: string,
    private readonly _storing: Storing,
  ) {
    super()
  }

  protected sizeOf(waiting: readonly Unstored<Publishing>[]): number {
    let [n, size] = [0, 0]
    for (const { message } of waiting) {
      size += message.value.length
      if (n === MOST || (n > 0 && size > MOST_TEXT)) break
      n++
    }
    return n
  }

  protected *store(batch: readonly Unstored<Publishing>[]): Generator<never, void> {
    const places = this._server.rows(yield* this._stored(batch))
    for (const [i, one] of batch.entries())
      if (places[i] === 'behind') this.add(one)
      else one.settled(this._failureOf(places[i]))
  }

  /** The places of the messages, or why they have none. */
  private *_stored(batch: readonly Unstored<Publishing>[]): Generator<never, unknown> {
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

  private _failureOf(place: unknown): Failure | null {
    const { where } = this._server
    if (typeof place !== 'string') return { error: mistyped(`${where}: client.call(): the result`, 'the id of an entry', place) }
    if (place === 'full') return { error: new RedisFullError(where, this._stream, this._storing.limit) }
    if (place.startsWith('!')) return { error: translated(where, Object.assign(new Error(place.slice(1)), { name: 'ReplyError' })) }
    return null
  }
}
