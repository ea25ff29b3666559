/** Messages and effects in a transaction of the user: both are there after the commit, or neither is. */
import { go, type Op } from '../../runtime/index.js'
import { checkRecord, mistyped } from '../../runtime/internal.js'
import type { Position } from '../broker/index.js'
import { checkName, checkText } from '../broker/internal.js'
import { checkClient, checkOptionsOf, checkSchema, Database, type PostgresClient } from './client.js'
import { jsonOf } from '../broker/internal.js'
import { checkReady } from './schema.js'

type Where = 'outbox()' | 'inbox()'

/** The schemas that a client has used, so that each is looked at once. */
const databases = new WeakMap<PostgresClient, Map<string, Database>>()

function databaseOf(where: Where, client: PostgresClient, schema: string): Database {
  const ofClient = databases.get(client) ?? new Map<string, Database>()
  databases.set(client, ofClient)
  const key = `${where} ${schema}`
  const db = ofClient.get(key) ?? new Database(where, client, schema, 0) // a transaction does not go on in another connection
  ofClient.set(key, db)
  return db
}

/** A message of `outbox`. */
export interface OutboxMessage {
  readonly topic: string
  /** Stored as JSON. */
  readonly value: unknown
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** A message whose id the topic has had is not stored again, for a day at least. */
  readonly id?: string
  /** The schema of the tables; default `millrace`. */
  readonly schema?: string
}

/**
 * Stores a message through `client`, in the transaction that is open there: the message is there when the transaction
 * commits, and is not when it rolls back. A pipeline from `fromPostgres(pool, { queue })` to another broker is the relay. A
 * topic that is a log has its partition locked until the commit, which keeps its order; a queue waits for nobody. Fails with
 * PostgresSetupError where the tables or the topic are missing or the tables are of another version, PostgresVersionError for a server
 * before 12, PostgresRefusedError where the server refuses, and PostgresAwayError where the connection is lost. The version is read
 * once for each client; where it is another, the transaction may go on. Throws TypeError for bad arguments.
 *
 * @example
 * ```ts
 * const ordered = go(function* () {
 *   yield* fromPromise(client.query('begin'))
 *   yield* fromPromise(client.query('insert into orders (id) values ($1)', [7]))
 *   yield* outbox(client, { topic: 'orders', value: { id: 7 }, key: '7' })
 *   yield* fromPromise(client.query('commit'))
 * })
 * ```
 */
export function outbox(client: PostgresClient, message: OutboxMessage): Op<void> {
  checkClient('outbox(client)', client)
  const names = ['topic', 'value', 'key', 'headers', 'id', 'schema']
  checkOptionsOf('outbox(client, message)', message, '{ topic, value, key?, headers?, id?, schema? }', names)
  const { topic, value, key = null, headers = {}, id = null, schema = 'millrace' } = message
  checkName('outbox(client, { topic })', topic)
  if (key !== null) checkText('outbox(client, { key })', 'a string or null', key)
  if (id !== null) checkText('outbox(client, { id })', 'a string', id)
  checkRecord('outbox(client, { headers })', 'a record of strings', headers, Object.keys(headers))
  for (const header of Object.values(headers))
    if (typeof header !== 'string') throw mistyped('outbox(client, { headers })', 'strings', header)
  checkSchema('outbox(client, { schema })', schema)
  const json = jsonOf('outbox(client, { value })', value)
  const db = databaseOf('outbox()', client, schema)
  return go(function* stored() {
    yield* checkReady(db)
    yield* db.query('select $.publish($1, $2, $3::json, $4::json, $5)', [topic, key, json, JSON.stringify(headers), id])
  }).join()
}

/** Options of `inbox`. */
export interface InboxOptions {
  /** The names of different works on the same messages keep them apart; default `inbox`. */
  readonly name?: string
  /** The schema of the tables; default `millrace`. */
  readonly schema?: string
}

/**
 * Whether a message is new, in the transaction that is open at `client`: false where a transaction that has committed knew its id.
 * The id is known when the transaction commits, with everything else that it does, so that an effect in the same
 * database happens once, however often the message comes. Another transaction with the id waits for the end of this one. Ids are
 * known for a day at least. Fails as `outbox`. Throws TypeError for bad arguments.
 *
 * @example
 * ```ts
 * const paid = (delivery: Delivery<User>) =>
 *   go(function* () {
 *     yield* fromPromise(client.query('begin'))
 *     if (yield* inbox(client, delivery.position)) yield* fromPromise(client.query('update accounts set paid = true'))
 *     yield* fromPromise(client.query('commit'))
 *   })
 * ```
 */
export function inbox(client: PostgresClient, id: string | Position, options: InboxOptions = {}): Op<boolean> {
  checkClient('inbox(client)', client)
  const isPosition = typeof id === 'object' && (id as Position | null) !== null && typeof id.source === 'string' // of the user
  const text = isPosition ? String(id) : id
  if (typeof text !== 'string' || text === '') throw mistyped('inbox(client, id)', 'a text, or the position of a delivery', id)
  checkOptionsOf('inbox(client, id, options)', options, '{ name?, schema? }', ['name', 'schema'])
  const { name = 'inbox', schema = 'millrace' } = options
  checkName('inbox(client, { name })', name)
  checkSchema('inbox(client, { schema })', schema)
  const db = databaseOf('inbox()', client, schema)
  return go(function* isNew() {
    yield* checkReady(db)
    const row = yield* db.row('select $.is_new($1, $2) as is_new', [`inbox ${name}`, text])
    return row.is_new === true
  }).join()
}
