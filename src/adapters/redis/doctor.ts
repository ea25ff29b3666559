import { go, type Op } from '../../runtime/index.js'
import { checkTime, isInstance } from '../../runtime/internal.js'
import type { DoctorReport, DoctorSetting } from '../broker/index.js'
import { NOTHING_LOST, reportOf } from '../broker/internal.js'
import { checkClient, checkOptionsOf, isTooOld, Server, type RedisClient, type RedisOptions } from './client.js'
import { RedisRefusedError, RedisSetupError } from './errors.js'

/**
 * Looks at a server: its version, its features, and the losses by a kill or a power cut under its settings.
 * `warnings` of the report is empty where all is well. Changes nothing. `patience` is 5000 ms by default.
 *
 * A service may forbid `CONFIG GET`: the value of `appendfsync` is null then. Fails with RedisAwayError, RedisClosedError and
 * RedisRefusedError; a server that is too old is a warning. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * go(function* () {
 *   const { version, warnings } = yield* doctor(redis)
 *   console.log(version, ...warnings)
 * })
 * ```
 */
export function doctor(client: RedisClient, options: RedisOptions = {}): Op<DoctorReport> {
  checkClient('doctor(client)', client)
  checkOptionsOf('doctor(client, options)', options, '{ patience? }', ['patience'])
  const { patience = 5000 } = options
  checkTime('doctor(client, { patience })', patience)
  const server = new Server('doctor(client)', client, patience)
  return go(() => examined(server)).join()
}

function* examined(server: Server): Generator<never, DoctorReport> {
  const info = yield* server.info('all')
  const number = info.get('redis_version') ?? ''
  const valkey = info.get('valkey_version')
  const features = ['queues', 'logs', 'stores of once'].map((name) => ({ name, needs: 'Redis 6.2', isThere: !isTooOld(number) }))
  const settings = [...logOf(info, yield* syncOf(server)), evictionOf(info)]
  const facts = { server: valkey === undefined ? 'Redis' : 'Valkey', version: valkey ?? number, features, settings }
  return reportOf(facts, statesOf(info))
}

/** `appendfsync`, or null where the server does not tell. */
function* syncOf(server: Server): Generator<never, string | null> {
  try {
    const reply = yield* server.call('CONFIG', 'GET', 'appendfsync')
    // RESP3 has a map here
    const value: unknown = Array.isArray(reply) ? reply[1] : (reply as Readonly<Record<string, unknown>> | null)?.appendfsync
    return typeof value === 'string' ? value : null
  } catch (error) {
    if (isInstance(error, RedisRefusedError) || isInstance(error, RedisSetupError)) return null // forbidden, or not there
    throw error
  }
}

/** What the append-only file has after a power cut, by `appendfsync`. */
const lostBy: Readonly<Record<string, string>> = {
  always: NOTHING_LOST,
  everysec: 'about the last second',
  no: 'what the host had not written, often 30 s',
}

function logOf(info: ReadonlyMap<string, string>, sync: string | null): readonly DoctorSetting[] {
  if (info.get('aof_enabled') !== '1') {
    const lost = 'everything since the last snapshot'
    return [{ name: 'appendonly', value: 'no', kill: lost, powerCut: lost }]
  }
  const powerCut = sync === null ? `${lostBy.everysec}, or more` : (lostBy[sync] ?? lostBy.no)
  return [
    { name: 'appendonly', value: 'yes', kill: NOTHING_LOST, powerCut: NOTHING_LOST },
    { name: 'appendfsync', value: sync, kill: NOTHING_LOST, powerCut },
  ]
}

/** Not of a kill: a server whose memory is full may evict what is stored. */
function evictionOf(info: ReadonlyMap<string, string>): DoctorSetting {
  return { name: 'maxmemory-policy', value: info.get('maxmemory_policy') ?? null, kill: NOTHING_LOST, powerCut: NOTHING_LOST }
}

function statesOf(info: ReadonlyMap<string, string>): readonly string[] {
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  const evicts = policy.startsWith('volatile') ? 'the ids of once and of its own leases' : 'streams, with messages that nobody has settled'
  const warnings: string[] = []
  if (policy !== 'noeviction') warnings.push(`maxmemory-policy = ${policy}: a server whose memory is full drops ${evicts}; use noeviction`)
  if (info.get('role') === 'slave') warnings.push('this server is a replica, which stores nothing: connect to the primary')
  if (info.get('aof_last_write_status') === 'err') warnings.push('the server cannot write its append-only file: is its disk full?')
  return warnings
}
