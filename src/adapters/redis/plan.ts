import { go } from '../../runtime/index.js'
import { checkCount, checkOneOf, checkTime } from '../../runtime/internal.js'
import { checkName, nameIn, type Change, type Plan } from '../broker/internal.js'
import { checkClient, checkOptionsOf, Server, type RedisClient, type RedisOptions } from './client.js'
import { RedisSetupError } from './errors.js'
import { stateKeyOf } from './log-way.js'
import { streamOf } from './partition.js'
import { readsOf } from './keys.js'
import { CREATE, GROUPS } from './scripts.js'

/** What a source needs at the server. */
export interface PlanOptions extends RedisOptions {
  /** The stream as a queue. */
  readonly queue?: string
  /** The streams of a log. */
  readonly log?: string
  /** The partitions of the log; default 1. */
  readonly partitions?: number
  /** The consumer group; default `millrace`. */
  readonly group?: string
  /** The messages that a new group begins with: all that the stream has, or those that come from now on. Default `all`. */
  readonly from?: 'all' | 'new'
}

/**
 * The streams and the consumer group that `fromRedis` with the same options needs. `check()` compares them with the server; `apply()`
 * creates what is missing, and never changes or deletes anything. A pipeline itself creates no group. More partitions than before are
 * added; keys are dealt anew then, so the order within a key begins anew with them.
 *
 * Both fail with RedisSetupError where the key has another type, RedisVersionError, RedisAwayError, RedisClosedError and
 * RedisRefusedError as
 * `fromRedis`. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const users = plan(redis, { queue: 'users' })
 * go(function* () {
 *   for (const { kind, what } of yield* users.apply()) console.log(kind, what)
 * })
 * ```
 */
export function plan(client: RedisClient, options: PlanOptions): Plan {
  checkClient('plan(client)', client)
  checkOptionsOf('plan(client, options)', options, '{ queue } or { log }, and more', NAMES)
  const { log, partitions = 1, group = 'millrace', from = 'all', patience = 30_000 } = options
  const name = nameIn('plan(client, ', options, checkName)
  checkCount('plan(client, { partitions })', 1, partitions)
  checkName('plan(client, { group })', group)
  checkOneOf('plan(client, { from })', ['all', 'new'], from)
  checkTime('plan(client, { patience })', patience)
  const streams = log === undefined ? [name] : Array.from({ length: partitions }, (_, i) => streamOf(log, i))
  const work = new Work(new Server('plan()', client, patience), {
    streams,
    group,
    start: from === 'all' ? '0' : '$',
    isLog: log !== undefined,
  })
  return { check: () => go(() => work.check()).join(), apply: () => go(() => work.apply()).join() }
}

const NAMES = ['queue', 'log', 'partitions', 'group', 'from', 'patience']

interface Wanted {
  readonly streams: readonly string[]
  readonly group: string
  /** Where a new group begins. */
  readonly start: '0' | '$'
  readonly isLog: boolean
}

class Work {
  constructor(
    private readonly _server: Server,
    private readonly _wanted: Wanted,
  ) {}

  *check(): Generator<never, readonly Change[]> {
    yield* this._server.check()
    const changes: Change[] = []
    for (const stream of this._wanted.streams) if (!(yield* this._hasGroup(stream))) changes.push(this._missing(stream))
    return changes
  }

  private _missing(stream: string): Change {
    return { kind: 'create', what: `group ${JSON.stringify(this._wanted.group)} of the stream ${JSON.stringify(stream)}`, differences: [] }
  }

  private *_hasGroup(stream: string): Generator<never, boolean> {
    const { _server: server } = this
    const [type, ...groups] = server.rows(yield* server.eval(GROUPS, [stream], []))
    if (type === 'none' || type === 'stream') return groups.includes(this._wanted.group)
    throw new RedisSetupError(server.where, `the key ${JSON.stringify(stream)} is a ${String(type)}, and no stream`)
  }

  *apply(): Generator<never, readonly Change[]> {
    const { _server: server } = this
    yield* server.check()
    const changes: Change[] = []
    const { streams, group, start, isLog } = this._wanted
    const keyOf = isLog ? stateKeyOf : readsOf
    for (const stream of streams) {
      if (yield* this._hasGroup(stream)) continue
      changes.push(this._missing(stream))
      try {
        yield* server.eval(CREATE, [stream, keyOf(stream, group)], [group, start, isLog ? 'log' : 'queue'])
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes('BUSYGROUP')) throw error // another process has created it
      }
    }
    return changes
  }
}
