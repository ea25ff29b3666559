/**
 * Publishing by batches: messages that wait while a statement is under way go out together with the next.
 *
 * Always true: one statement is under way at a time, so that messages are stored in the order in which they were given.
 */
import { chan, go, type Op } from '../../runtime/index.js'
import { isInstance } from '../../runtime/internal.js'
import { Database, type PostgresPool } from './client.js'
import { PostgresRefusedError } from './errors.js'

export interface Publishing {
  readonly topic: string
  readonly key: string | null
  /** JSON. */
  readonly value: string
  /** JSON. */
  readonly headers: string
  readonly id: string | null
}

interface Waiting {
  readonly message: Publishing
  settled(failure: { readonly error: unknown } | null): void
}

/** The most messages of a statement. */
const MOST = 256

export class Publisher {
  private _waiting: Waiting[] = []
  private _isRunning = false

  constructor(private readonly _db: Database) {}

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
      const batch = this._waiting.splice(0, MOST)
      try {
        yield* this._store(batch)
        for (const one of batch) one.settled(null)
      } catch (error) {
        yield* this._refused(batch, error)
      }
    }
    this._isRunning = false
  }

  /** One message fails all of its statement: each is tried by itself. */
  private *_refused(batch: readonly Waiting[], error: unknown): Generator<never, void> {
    if (batch.length === 1 || !isInstance(error, PostgresRefusedError)) {
      for (const one of batch) one.settled({ error })
      return
    }
    for (const one of batch) {
      try {
        yield* this._store([one])
        one.settled(null)
      } catch (cause) {
        one.settled({ error: cause })
      }
    }
  }

  private *_store(batch: readonly Waiting[]): Generator<never, void> {
    const column = (name: keyof Publishing): unknown[] => batch.map(({ message }) => message[name])
    yield* this._db.query(
      `select $.publish(m.topic, m.key, m.value::json, m.headers::json, m.id)
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as m (topic, key, value, headers, id, n) order by m.n`,
      [column('topic'), column('key'), column('value'), column('headers'), column('id')],
    )
  }
}

const publishers = new WeakMap<PostgresPool, Map<string, Publisher>>()

/** One for all stages over a pool, for each schema and patience. */
export function publisherOf(pool: PostgresPool, where: string, schema: string, patience: number): Publisher {
  const ofPool = publishers.get(pool) ?? new Map<string, Publisher>()
  publishers.set(pool, ofPool)
  const key = `${schema} ${patience} ${where}`
  const publisher = ofPool.get(key) ?? new Publisher(new Database(where, pool, schema, patience))
  ofPool.set(key, publisher)
  return publisher
}
