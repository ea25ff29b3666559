import { headers as newHeaders, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core'
import { fromPromise } from '../../runtime/index.js'
import { checkRecord, checkTime } from '../../runtime/internal.js'
import type { OnceClaim, OnceStore } from '../broker/index.js'
import { ask, askRaw, connectionOf, wasOvertaken, type ApiAnswer, type Connection } from './connection.js'
import { failureOf, type Target } from './consumer.js'
import { NatsSetupError } from './errors.js'
import { checkName } from './from-nats.js'
import { subjectToken } from './message.js'
import { checkVersion } from './versions.js'

/** Options of `natsOnce`. */
export interface NatsOnceOptions {
  /** The KV bucket, as `plan` was given. */
  readonly bucket: string
  /** ms that a server which is connected may leave a request without an answer; default 30,000. */
  readonly patience?: number
}

/**
 * A store of `once` in a bucket of NATS KV: the workers of all processes share it. `plan(nc, { bucket }).apply()` creates the bucket.
 *
 * Leases and ids end by the clock of the server, so the clocks of the processes may differ. The server removes an id after
 * `within`, in whole seconds. The effect itself is elsewhere: a process that is killed between the effect and the end of `once`
 * leaves an id that is unsure. Calls wait while the connection is lost. They fail with NatsSetupError where the bucket is
 * missing, NatsVersionError before nats-server 2.11, NatsTimeoutError, NatsRefusedError and NatsClosedError. Throws
 * TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * const greet = once<User>(natsOnce(nc, { bucket: 'greeted' }), { within: 86_400_000 }, ({ name }) => visit(name))
 * const settled = fromNats<User>(nc, { queue: 'users' }).pipe(workerPool(8, greet), settle())
 * ```
 */
export function natsOnce(nc: NatsConnection, options: NatsOnceOptions): OnceStore {
  const link = connectionOf('natsOnce(nc)', nc)
  checkRecord('natsOnce(nc, options)', '{ bucket, patience? }', options, ['bucket', 'patience'])
  const { bucket, patience = 30_000 } = options
  checkName('natsOnce(nc, { bucket })', bucket)
  checkTime('natsOnce(nc, { patience })', patience)
  const store = new Bucket(link, bucket, patience)
  return {
    claim: (id, owner, times) => fromPromise(store.claim(id, owner, times)),
    finish: (id, _owner, within) => fromPromise(store.finish(id, within)),
    release: (id, owner) => fromPromise(store.release(id, owner)),
  }
}

/** The stream of a bucket. */
export function streamOfBucket(bucket: string): string {
  return `KV_${bucket}`
}

export function subjectsOfBucket(bucket: string): string {
  return `$KV.${bucket}`
}

interface Value {
  /** null: the effect has happened. */
  readonly owner: string | null
  /** ms from the time of the message; null forever. */
  readonly lease: number | null
  readonly within: number | null
}

interface Entry {
  readonly seq: number
  /** Unix time in ms, by the server. */
  readonly time: number
  /** null: released. */
  readonly value: Value | null
}

type Stored = ApiAnswer & { readonly message?: { readonly seq: number; readonly time: string; readonly data?: string } }

const NO_MESSAGE = 10037
/** The longest time to live in s; longer is forever. */
const LONGEST = 2 ** 32
/** Characters of an id as a key. */
const LONGEST_KEY = 1000

class Bucket {
  private readonly _target: Target
  private _ready: Promise<void> | null = null

  constructor(
    private readonly _link: Connection,
    private readonly _bucket: string,
    patience: number,
  ) {
    const where = `natsOnce(nc, { bucket: ${JSON.stringify(_bucket)} })`
    this._target = { where, stream: streamOfBucket(_bucket), group: '', patience }
  }

  async claim(id: string, owner: string, { lease, within }: { readonly lease: number; readonly within: number }): Promise<OnceClaim> {
    await this._checked()
    const wanted = { owner, lease, within: Math.max(lease, within) }
    let isUnsure = false
    for (let last = 0; ;) {
      if (await this._put(id, wanted, last)) return { state: 'claimed', isUnsure }
      const entry = await this._read(id)
      const now = await this._now()
      last = entry?.seq ?? 0
      const value = entry !== null && until(entry, 'within') > now ? entry.value : null
      if (value?.owner === owner) continue // perhaps by this call, whose answer was lost: as sure as it was
      isUnsure = value !== null
      if (value === null) continue
      if (value.owner === null) return { state: 'done' }
      const leaseUntil = until(entry as Entry, 'lease') // it has a value
      if (leaseUntil > now) return { state: 'busy', wait: leaseUntil - now }
    }
  }

  async finish(id: string, within: number): Promise<void> {
    await this._checked()
    await this._put(id, { owner: null, lease: 0, within }, null)
  }

  async release(id: string, owner: string): Promise<void> {
    await this._checked()
    const entry = await this._read(id)
    if (entry?.value?.owner === owner) await this._put(id, null, entry.seq) // unless another has claimed it since
  }

  /** The bucket is there, and forgets ids. */
  private async _checked(): Promise<void> {
    const checking = (this._ready ??= this._check())
    try {
      await checking
    } catch (cause) {
      if (this._ready === checking) this._ready = null
      throw cause
    }
  }

  private async _check(): Promise<void> {
    const { where, stream } = this._target
    const { config } = await this._info()
    checkVersion(this._link.nc, where, 'once')
    if (config?.allow_msg_ttl !== true)
      throw new NatsSetupError(
        where,
        `the stream ${JSON.stringify(stream)} lacks allow_msg_ttl; plan(nc, { bucket }) creates a stream with it`,
      )
  }

  private async _info(): Promise<{ readonly config?: { readonly allow_msg_ttl?: boolean }; readonly ts?: string }> {
    const info = await ask<ApiAnswer & { readonly config?: { readonly allow_msg_ttl?: boolean }; readonly ts?: string }>(
      this._link,
      `$JS.API.STREAM.INFO.${this._target.stream}`,
      undefined,
      this._target,
    )
    if (info.error !== undefined) throw failureOf(info.error, '', this._target)
    return info
  }

  /** The time of the server, as Unix time in ms. */
  private async _now(): Promise<number> {
    return Date.parse((await this._info()).ts ?? '')
  }

  private async _read(id: string): Promise<Entry | null> {
    const body = { last_by_subj: this._subjectOf(id) }
    const { error, message } = await ask<Stored>(this._link, `$JS.API.STREAM.MSG.GET.${this._target.stream}`, body, this._target)
    if (error !== undefined && error.err_code !== NO_MESSAGE) throw failureOf(error, '', this._target)
    if (message === undefined) return null
    const { seq, time, data = '' } = message
    return { seq, time: Date.parse(time), value: data === '' ? null : (JSON.parse(atob(data)) as Value) } // written by `_put`
  }

  /** Returns false where the key has another last message than `last`; null stands for any. */
  private async _put(id: string, value: Value | null, last: number | null): Promise<boolean> {
    const headers = newHeaders()
    headers.set('Nats-TTL', ttlOf(value?.within ?? (value === null ? 0 : Infinity)))
    if (value === null) headers.set('KV-Operation', 'DEL')
    if (last !== null) headers.set('Nats-Expected-Last-Subject-Sequence', String(last))
    const answer = await this._publish(this._subjectOf(id), value === null ? '' : JSON.stringify(value), headers)
    if (answer.error !== undefined && !wasOvertaken(answer)) throw failureOf(answer.error, '', this._target)
    return answer.error === undefined
  }

  private async _publish(subject: string, body: string, headers: MsgHdrs): Promise<ApiAnswer> {
    return (await askRaw(this._link, subject, body, { ...this._target, headers })).json()
  }

  private _subjectOf(id: string): string {
    const key = id === '' ? '=' : subjectToken(id).replaceAll('%', '=') // of the characters that keys of KV have
    const { length } = key
    if (length > LONGEST_KEY) {
      const which = `the id ${JSON.stringify(id.slice(0, 40))}…`
      throw new RangeError(`${this._target.where}: ${which} has ${length} characters as a key, expected at most ${LONGEST_KEY}`)
    }
    return `${subjectsOfBucket(this._bucket)}.${key}`
  }
}

function until({ time, value }: Entry, name: 'lease' | 'within'): number {
  return time + (value === null ? 0 : (value[name] ?? Infinity))
}

function ttlOf(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  return seconds > LONGEST ? 'never' : `${seconds}s`
}
