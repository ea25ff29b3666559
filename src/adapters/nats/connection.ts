/**
 * The connection of the user, as the parts of the adapter share it: they learn when it is lost, there again, or closed.
 *
 * Always true: the status of the connection is watched while somebody watches, and not longer; the connection is never
 * closed here; while the connection is down, nothing is written, because the client drops such writes or sends them late.
 */
import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/nats-core'
import { sleep } from '../../runtime/index.js'
import { checkMethod, isInstance } from '../../runtime/internal.js'
import { NatsClosedError, NatsRefusedError, NatsTimeoutError } from './errors.js'

export interface Watcher {
  /** The connection was lost, and is there again. */
  reconnected(): void
  closed(cause: unknown): void
  /** The server forbids a subject. */
  forbidden?(subject: string, cause: Error): void
}

/** ms until a request is made again that had no answer. */
const PAUSE = 200
/** ms that an answer may take. */
const ANSWER = 2000

export class Connection {
  private readonly _watchers = new Set<Watcher>()
  private _status: AsyncIterable<unknown> | null = null
  private _isUp = true
  private _end: { readonly cause: unknown } | null = null

  constructor(readonly nc: NatsConnection) {
    void nc.closed().then((cause) => {
      this._isUp = false
      this._end = { cause: cause ?? undefined }
      for (const watcher of [...this._watchers]) watcher.closed(this._end.cause)
    })
  }

  get isUp(): boolean {
    return this._isUp && this._end === null
  }
  get end(): { readonly cause: unknown } | null {
    return this._end
  }
  /** The version of the server; null while there is no connection. */
  get version(): string | null {
    return this.nc.info?.version ?? null
  }

  /** The server is one of a cluster. */
  get isClustered(): boolean {
    return this.nc.info?.cluster !== undefined
  }

  watch(watcher: Watcher): () => void {
    this._watchers.add(watcher)
    if (this._status === null) this._follow()
    return () => {
      this._watchers.delete(watcher)
      if (this._watchers.size > 0) return
      const status = this._status as { stop?(): void } | null // an iterator of the client: stopped from outside
      this._status = null
      status?.stop?.()
    }
  }

  private _follow(): void {
    this._isUp = this.nc.info !== undefined
    const status = this.nc.status()
    this._status = status
    const follow = async (): Promise<void> => {
      for await (const { type, ...event } of status) {
        if (this._status !== status) return
        if (type === 'disconnect' || type === 'staleConnection') this._isUp = false
        else if (type === 'reconnect') this._reconnected()
        else if (type === 'error') this._failed((event as { readonly error: unknown }).error) // a status of this type has an error
      }
    }
    void follow()
  }

  private _reconnected(): void {
    this._isUp = true
    for (const watcher of [...this._watchers]) watcher.reconnected()
  }

  private _failed(error: unknown): void {
    if (!isInstance(error, Error)) return
    const { subject, name } = error as Error & { readonly subject?: unknown } // errors of permissions have a subject
    if (name !== 'PermissionViolationError' || typeof subject !== 'string') return
    for (const watcher of [...this._watchers]) watcher.forbidden?.(subject, error)
  }
}

const connections = new WeakMap<NatsConnection, Connection>()

/** The shared part of a connection. Throws TypeError for something else. */
export function connectionOf(where: string, nc: NatsConnection): Connection {
  for (const method of ['publish', 'subscribe', 'request', 'status', 'closed'])
    checkMethod(where, 'a connection of the NATS client', nc, method)
  const known = connections.get(nc)
  if (known !== undefined) return known
  const made = new Connection(nc)
  connections.set(nc, made)
  return made
}

/** An answer of the API of JetStream. */
export interface ApiAnswer {
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description: string }
}

interface Asking {
  readonly where: string
  readonly patience: number
  readonly headers?: MsgHdrs
  /** Fails with NatsRefusedError, code 503, where nobody responds. Default: the server is starting, and is asked again. */
  readonly mayBeAbsent?: boolean
  /** A stream or a consumer that is not there is an answer at once, also of a cluster. */
  readonly mayBeMissing?: boolean
  /** Nobody wants the answer any more. */
  isOver?(): boolean
}

/** Codes of errors with the status 503 that do not pass: JetStream is not enabled. */
export const NOT_ENABLED: readonly number[] = [10039, 10076]

/** Of a message that names the last one of its subject: another is stored, or, in a cluster, is on its way. */
const WRONG_LAST: readonly number[] = [10071, 10164]

/** Whether the message was not stored, since another of its subject came first. */
export function wasOvertaken({ error }: ApiAnswer): boolean {
  return WRONG_LAST.includes(error?.err_code ?? 0)
}

const CONSUMER_NOT_FOUND = 10014
const STREAM_NOT_FOUND = 10059

export function isStreamMissing({ error }: ApiAnswer): boolean {
  return error?.err_code === STREAM_NOT_FOUND
}
export function isConsumerMissing({ error }: ApiAnswer): boolean {
  return error?.err_code === CONSUMER_NOT_FOUND
}
function isMissing(answer: ApiAnswer): boolean {
  return isStreamMissing(answer) || isConsumerMissing(answer)
}

/** The servers of a cluster that have the stream, or the consumer, are away. */
const OFFLINE: readonly number[] = [10118, 10119]

/** The cluster has no leader for the moment, or the stream has none. */
function isPassing({ error: { code, err_code: detail = 0 } = NONE }: ApiAnswer): boolean {
  return (code === 503 && !NOT_ENABLED.includes(detail)) || OFFLINE.includes(detail)
}
const NONE: NonNullable<ApiAnswer['error']> = { code: 0, description: '' }

/** Responses in turn by which a stream or a consumer is not there, until a cluster is believed: 5 s. */
const BELIEVED = 25

/**
 * The answer to a request of JetStream, as the server gives one: an error is an answer too. Waits while the connection is
 * lost; asks again while the server has no JetStream, or its cluster no leader, up to `patience`. A server of a cluster that
 * was started again says for a time that a stream or a consumer is not there, so that answer has to come for 5 s.
 */
export async function ask<A extends ApiAnswer>(link: Connection, subject: string, body: unknown, asking: Asking): Promise<A> {
  const { patience, mayBeMissing = false } = asking
  const believed = mayBeMissing ? 1 : Math.min(BELIEVED, patience / PAUSE)
  let missing = 0
  return await asked(link, { subject, body: body === undefined ? '' : JSON.stringify(body) }, asking, (message) => {
    const answer = message.json<A>()
    if (isPassing(answer)) return null
    return isMissing(answer) && link.isClustered && ++missing < believed ? null : answer
  })
}

export async function askRaw(link: Connection, subject: string, body: string, asking: Asking): Promise<Msg> {
  return await asked(link, { subject, body }, asking, (message) => message)
}

interface Question {
  readonly subject: string
  readonly body: string
}

/** `read` returns null for an answer that passes. */
async function asked<A>(link: Connection, { subject, body }: Question, asking: Asking, read: (message: Msg) => A | null): Promise<A> {
  const { where, patience, headers } = asking
  const forget = link.watch({ reconnected() {}, closed() {} })
  try {
    for (let waited = 0, was = performance.now(); ;) {
      const { end } = link
      if (end !== null) throw new NatsClosedError(where, end.cause)
      if (asking.isOver?.() === true) throw new NatsClosedError(where)
      if (link.isUp) {
        try {
          const settings = headers === undefined ? { timeout: ANSWER } : { timeout: ANSWER, headers }
          const answer = read(await link.nc.request(subject, body, settings))
          if (answer !== null) return answer
        } catch (cause) {
          if (isForbidden(cause)) throw new NatsRefusedError(where, cause.message, 403, { cause })
          if (asking.mayBeAbsent === true && hasNoResponder(cause)) throw new NatsRefusedError(where, 'nobody responds', 503, { cause })
        }
        await sleep(PAUSE)
        const now = performance.now()
        if (link.isUp) waited += now - was
        was = now
        if (waited > patience) throw new NatsTimeoutError(where, patience, 'the server has not responded as JetStream does')
      } else {
        await sleep(PAUSE)
        was = performance.now()
      }
    }
  } finally {
    forget()
  }
}

function hasNoResponder(cause: unknown): boolean {
  return isInstance(cause, Error) && isInstance(cause.cause, Error) && cause.cause.name === 'NoResponders'
}

function isForbidden(cause: unknown): cause is Error {
  return cause instanceof Error && cause.name === 'PermissionViolationError'
}
