import { mutex, type Mutex } from '../../runtime/index.js'
import type { Database } from './client.js'
import { PostgresSetupError } from './errors.js'
import { checkReady } from './schema.js'

interface Known {
  /** One query at a time: where the topic is missing, one partition of a log says so, and the others are closed before they ask. */
  readonly lock: Mutex
  readonly topics: Map<string, number>
}

const known = new WeakMap<Database, Known>()

function knownOf(db: Database): Known {
  const is = known.get(db) ?? { lock: mutex(), topics: new Map<string, number>() }
  known.set(db, is)
  return is
}

/** The partitions of the topics that were asked for so far, 0 for a queue. */
export function knownTopics(db: Database): ReadonlyMap<string, number> {
  return knownOf(db).topics
}

/** Asks for the partitions of topics that are not known; those that are missing stay unknown. */
export function* learnTopics(db: Database, names: readonly string[]): Generator<never, void> {
  const { topics } = knownOf(db)
  const unknown = [...new Set(names)].filter((name) => !topics.has(name))
  if (unknown.length === 0) return
  const rows = yield* db.query('select name, partitions from $.topic where name = any ($1)', [unknown])
  for (const { name, partitions } of rows) topics.set(String(name), Number(partitions))
}

/**
 * The number of partitions of a topic, 0 for a queue. Throws where the topic is not there, is of the other kind or has another number of
 * partitions than `wanted`, and for a server that is too old.
 */
export function* topicOf(db: Database, topic: string, use: 'log' | 'queue', wanted = 0): Generator<never, number> {
  const partitions = knownOf(db).topics.get(topic) ?? (yield* found(db, topic, use, wanted))
  return partitions
}

function* found(db: Database, topic: string, use: 'log' | 'queue', wanted: number): Generator<never, number> {
  const { lock, topics } = knownOf(db)
  using _held = yield* lock.lock()
  const before = topics.get(topic)
  if (before !== undefined) return before
  yield* checkReady(db)
  const rows = yield* db.query('select partitions from $.topic where name = $1', [topic])
  const name = JSON.stringify(topic)
  if (rows.length === 0)
    throw new PostgresSetupError(db.where, `there is no topic ${name}: plan(pool, { ${use}: ${name} }).apply() creates it`)
  const partitions = Number(rows[0].partitions)
  const is = partitions === 0 ? 'queue' : 'log'
  if (is !== use) throw new PostgresSetupError(db.where, `the topic ${name} is a ${is}, and a ${use} is wanted`)
  if (wanted > 0 && partitions !== wanted)
    throw new PostgresSetupError(db.where, `the log ${name} has ${partitions} partitions, and ${wanted} are given`)
  topics.set(topic, partitions)
  return partitions
}
