import { go, type Op } from '../../runtime/index.js'
import { checkTime, isInstance } from '../../runtime/internal.js'
import type { DoctorReport, DoctorSetting } from '../broker/index.js'
import { NOTHING_LOST, reportOf } from '../broker/internal.js'
import { checkClient, checkOptionsOf, isCluster, isTooOld, primariesOf, Server, type RedisClient, type RedisOptions } from './client.js'
import { RedisRefusedError, RedisSetupError } from './errors.js'

/** What one server says of itself. */
interface Facts extends Omit<DoctorReport, 'warnings'> {
  readonly states: readonly string[]
}

/**
 * Looks at a server: its version, its features, and the losses by a kill or a power cut under its settings; of a cluster at each of its
 * primaries, and at its list of replicas. A setting comes once for each value that it has.
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
  return go(function* examined() {
    const ofCluster = isCluster(client) ? yield* replicasOf(server) : []
    const nodes = isCluster(client) ? primariesOf(server.where, client) : []
    const servers = nodes.map((node) => new Server(server.where, node, patience))
    return yield* merged(servers.length === 0 ? [server] : servers, ofCluster)
  }).join()
}

function* merged(servers: readonly Server[], more: readonly string[]): Generator<never, DoctorReport> {
  const all: Facts[] = []
  for (const one of servers) all.push(yield* factsOf(one))
  const { server, version, features } = all.find((facts) => facts.features.some(({ isThere }) => !isThere)) ?? all[0]
  const settings = new Map(all.flatMap((facts) => facts.settings.map((setting) => [`${setting.name} = ${setting.value}`, setting])))
  const states = new Set(all.flatMap((facts) => facts.states))
  return reportOf({ server, version, features, settings: [...settings.values()] }, [...states, ...more])
}

/** Warnings of primaries that have no replica. */
function* replicasOf(server: Server): Generator<never, readonly string[]> {
  const said = yield* unlessForbidden(server.call('cluster', 'NODES'))
  // <id> <address> <flags> <id of the primary> … <slots>
  const nodes = typeof said === 'string' ? said.split('\n').map((line) => line.split(' ')) : []
  const isUp = (flags: string): boolean => !/fail|handshake|noaddr/.test(flags)
  const followed = new Set(nodes.filter(([, , flags]) => isUp(flags ?? '')).map(([, , , primary]) => primary))
  const alone = nodes.filter(([id, , flags = '', , , , , , slots]) => flags.includes('master') && slots !== undefined && !followed.has(id))
  return alone.map(
    ([, address]) => `the primary ${address.split('@', 1)[0]} has no replica: its streams are away while it is, and lost with its disk`,
  )
}

function* factsOf(server: Server): Generator<never, Facts> {
  const info = yield* server.info('all')
  const number = info.get('redis_version') ?? ''
  const valkey = info.get('valkey_version')
  const features = ['queues', 'logs', 'stores of once'].map((name) => ({ name, needs: 'Redis 6.2', isThere: !isTooOld(number) }))
  const settings = [...logOf(info, yield* syncOf(server)), evictionOf(info)]
  return { server: valkey === undefined ? 'Redis' : 'Valkey', version: valkey ?? number, features, settings, states: statesOf(info) }
}

/** `appendfsync`, or null where the server does not tell. */
function* syncOf(server: Server): Generator<never, string | null> {
  const reply = yield* unlessForbidden(server.call('config', 'GET', 'appendfsync'))
  // RESP3 has a map here
  const value: unknown = Array.isArray(reply) ? reply[1] : (reply as Readonly<Record<string, unknown>> | null)?.appendfsync
  return typeof value === 'string' ? value : null
}

function* unlessForbidden(asked: Generator<never, unknown>): Generator<never, unknown> {
  try {
    return yield* asked
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
