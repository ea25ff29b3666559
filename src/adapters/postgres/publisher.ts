/**
 * Publishing to the database: one statement for a batch; where it refuses, each message is tried by itself. Two statements are under way
 * where many messages wait, on two clients of the pool: the database stores one batch while this process has the answer to the other.
 */
import { isInstance } from '../../runtime/internal.js'
import { BatchPublisher, type Unstored } from '../broker/internal.js'
import { Database, type PostgresPool } from './client.js'
import { PostgresRefusedError } from './errors.js'
import { checkReady } from './schema.js'
import { knownTopics, learnTopics } from './topic.js'

export interface Publishing {
  readonly topic: string
  readonly key: string | null
  /** JSON. */
  readonly value: string
  /** JSON. */
  readonly headers: string
  readonly id: string | null
}

/** The most messages of a statement. */
const MOST = 256

export class Publisher extends BatchPublisher<Publishing> {
  protected override readonly calls = 2
  private readonly _topics: ReadonlyMap<string, number>

  constructor(private readonly _db: Database) {
    super()
    this._topics = knownTopics(_db)
  }

  protected sizeOf(waiting: readonly Unstored<Publishing>[]): number {
    return Math.min(waiting.length, MOST)
  }

  /** Messages of a key are in order, and so are those without a key in a log, which may have one partition. */
  protected override lineOf({ topic, key }: Publishing): string | null {
    if (key !== null) return `${topic} ${key}`
    return this._topics.get(topic) === 0 ? null : topic
  }

  protected *store(batch: readonly Unstored<Publishing>[]): Generator<never, void> {
    try {
      yield* this._insert(batch)
      for (const one of batch) one.settled(null)
    } catch (error) {
      if (batch.length === 1 || !isInstance(error, PostgresRefusedError)) throw error
      yield* this._oneByOne(batch)
    }
  }

  /** One message fails all of its statement. */
  private *_oneByOne(batch: readonly Unstored<Publishing>[]): Generator<never, void> {
    const refused = new Set<string>()
    for (const one of batch) {
      const { topic, key } = one.message
      const line = key === null ? null : `${topic} ${key}`
      if (line !== null && refused.has(line)) {
        this.add(one) // a later message of a key waits
        continue
      }
      try {
        yield* this._insert([one])
        one.settled(null)
      } catch (error) {
        if (line !== null) refused.add(line)
        one.settled({ error })
      }
    }
  }

  private *_insert(batch: readonly Unstored<Publishing>[]): Generator<never, void> {
    yield* checkReady(this._db)
    const column = (name: keyof Publishing): unknown[] => batch.map(({ message }) => message[name])
    yield* learnTopics(
      this._db,
      batch.map(({ message }) => message.topic),
    )
    yield* this._db.query('select $.publish_all($1, $2, $3, $4, $5)', [
      column('topic'),
      column('key'),
      column('value'),
      column('headers'),
      column('id'),
    ])
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
