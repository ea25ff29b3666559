import type { NatsConnection } from '@nats-io/nats-core'
import { after, fromPromise, go, select, type Op } from '../../runtime/index.js'
import { checkRecord, checkTime, isInstance } from '../../runtime/internal.js'
import type { DoctorFeature, DoctorReport, DoctorSetting } from '../broker/index.js'
import { NOTHING_LOST, reportOf } from '../broker/internal.js'
import { ask, connectionOf, type ApiAnswer, type Connection } from './connection.js'
import { NatsRefusedError, NatsTimeoutError } from './errors.js'
import { featuresOf } from './versions.js'

/** Options of `doctor`. */
export interface DoctorOptions {
  /** A connection of the system account, which may read `sync_interval`; default: `nc`, to which most servers do not tell. */
  readonly system?: NatsConnection
  /** ms that the server may be away, or not respond; default 5000. */
  readonly patience?: number
}

/**
 * Looks at a server: its version, its features, and the losses by a kill or a power cut under its settings: `sync_interval`, and for
 * each stream of the account the storage and the replicas. `warnings` of the report is empty where all is well. Changes nothing.
 *
 * Fails with NatsTimeoutError where no server is connected or none responds, NatsClosedError and NatsRefusedError; a server that
 * is too old or has no JetStream is a warning. Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * go(function* () {
 *   const { version, warnings } = yield* doctor(nc)
 *   console.log(version, ...warnings)
 * })
 * ```
 */
export function doctor(nc: NatsConnection, options: DoctorOptions = {}): Op<DoctorReport> {
  const link = connectionOf('doctor(nc)', nc)
  checkRecord('doctor(nc, options)', '{ system?, patience? }', options, ['system', 'patience'])
  const { system = nc, patience = 5000 } = options
  const { nc: sys } = connectionOf('doctor(nc, { system })', system)
  checkTime('doctor(nc, { patience })', patience)
  return go(function* doctor() {
    let isOver = false
    const asking = { where: 'doctor(nc)', patience, isOver: () => isOver }
    const late = (): never => {
      isOver = true
      const problem = link.isUp ? 'the server has not responded' : 'there was no connection to a server'
      throw new NatsTimeoutError('doctor(nc)', patience, problem)
    }
    const examining = fromPromise(examined(link, sys, asking))
    const { case: which, value } = yield* select({ report: examining, late: after(patience) })
    return which === 'report' ? value : late()
  }).join()
}

interface Asking {
  readonly where: string
  readonly patience: number
  isOver(): boolean
}

async function examined(link: Connection, system: NatsConnection, asking: Asking): Promise<DoctorReport> {
  const jetStream = await jetStreamOf(link, asking)
  const version = link.version ?? 'unknown'
  const features = [jetStream, ...featuresOf(version)]
  const streams = jetStream.isThere ? await streamsOf(link, asking) : []
  const settings = jetStream.isThere ? await settingsOf(streams, system) : []
  const more = [...(link.isClustered ? streams.flatMap(replicasOf) : []), ...streams.flatMap(retentionOf)]
  return reportOf({ server: 'nats-server', version, features, settings }, more)
}

/** A warning for a stream that deletes messages which nobody has read. */
function retentionOf({ config }: Stream): readonly string[] {
  const { name, discard, max_age: age = 0, max_bytes: bytes = -1, max_msgs: messages = -1 } = config
  const limits = [age > 0 ? `older than ${age / 1e9} s` : '']
  if (discard !== 'new') limits.push(bytes > 0 ? `beyond ${bytes} bytes` : '', messages > 0 ? `beyond ${messages} messages` : '')
  const given = limits.filter((limit) => limit !== '').join(', ')
  return given === '' ? [] : [`stream ${JSON.stringify(name)} deletes messages, read or not: ${given}`]
}

/** A warning for a stream of a cluster that is away with one server, or needs one more than it could. */
function replicasOf({ config: { name, num_replicas: replicas } }: Stream): readonly string[] {
  const stream = `stream ${JSON.stringify(name)}`
  if (replicas === 1) return [`${stream} has one replica: it is away while its server is, and lost with the disk of that; use three`]
  if (replicas % 2 === 1) return []
  return [`${stream} has ${replicas} replicas, of which ${replicas / 2 + 1} are needed: as many may be away as of ${replicas - 1}`]
}

/** Whether the account has JetStream. */
async function jetStreamOf(link: Connection, asking: Asking): Promise<DoctorFeature> {
  const feature = (isThere: boolean): DoctorFeature => ({ name: 'JetStream', needs: 'jetstream in the configuration', isThere })
  try {
    const { error } = await ask<ApiAnswer>(link, '$JS.API.INFO', undefined, { ...asking, mayBeAbsent: true })
    return feature(error === undefined)
  } catch (error) {
    if (isInstance(error, NatsRefusedError) && error.code === 503) return feature(false)
    throw error
  }
}

interface Stream {
  readonly config: {
    readonly name: string
    readonly storage: 'file' | 'memory'
    readonly num_replicas: number
    readonly discard?: 'old' | 'new'
    readonly max_age?: number
    readonly max_bytes?: number
    readonly max_msgs?: number
  }
}

async function settingsOf(streams: readonly Stream[], system: NatsConnection): Promise<readonly DoctorSetting[]> {
  const interval = await intervalOf(system)
  const unwritten =
    interval === 'always'
      ? NOTHING_LOST
      : `what streams of one replica have stored for the last ${interval ?? 'sync_interval, 2 minutes by default'}`
  const settings: DoctorSetting[] = [{ name: 'sync_interval', value: interval, kill: NOTHING_LOST, powerCut: unwritten }]
  for (const { config } of streams) settings.push(settingOf(config))
  return settings
}

function settingOf({ name, storage, num_replicas: replicas }: Stream['config']): DoctorSetting {
  const lost = storage === 'memory' && replicas === 1 ? 'all messages of the stream' : NOTHING_LOST
  const value = `${storage}, ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`
  return { name: `stream ${JSON.stringify(name)}`, value, kill: lost, powerCut: lost }
}

async function streamsOf(link: Connection, asking: Asking): Promise<readonly Stream[]> {
  const all: Stream[] = []
  for (;;) {
    const answer = await ask<ApiAnswer & { readonly streams?: readonly Stream[] | null; readonly total?: number }>(
      link,
      '$JS.API.STREAM.LIST',
      { offset: all.length },
      asking,
    )
    if (answer.error !== undefined) throw new NatsRefusedError(asking.where, answer.error.description, answer.error.code)
    all.push(...(answer.streams ?? []))
    if ((answer.streams ?? []).length === 0 || all.length >= (answer.total ?? 0)) return all
  }
}

/** ms that the answer of the system account may take. */
const ANSWER = 1000

interface Jsz {
  readonly data?: { readonly config?: { readonly sync_interval?: number; readonly sync_always?: boolean } }
}

/** `sync_interval`; null where the server does not tell, since the connection is not of the system account. */
async function intervalOf(system: NatsConnection): Promise<string | null> {
  try {
    const answer = await system.request('$SYS.REQ.SERVER.PING.JSZ', '{}', { timeout: ANSWER })
    const config = answer.json<Jsz>().data?.config
    if (config?.sync_always === true) return 'always'
    return config?.sync_interval === undefined ? null : `${config.sync_interval / 1e9} s`
  } catch {
    return null
  }
}
