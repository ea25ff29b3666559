/**
 * The way to Redis: the commands and scripts of the adapter over a client of the user, which `ioredis` and `iovalkey` have.
 *
 * A command is repeated while the server is away, for `patience` ms at most: each of them may be repeated, since it names the owner or
 * the holder that it goes by, or carries a message id. A publish without an id may then be stored twice.
 *
 * Always true: the names of commands are in lower case. A client of a cluster sends a command to the server of its keys, and `iovalkey`
 * finds the keys, as it puts a prefix before them, only of these names.
 */
import { after, fromPromise, select, sleep } from '../../runtime/index.js'
import { checkMethod, checkRecord, mistyped, time } from '../../runtime/internal.js'
import { isUnreached, textIn } from '../broker/internal.js'
import { RedisAwayError, RedisClosedError, RedisRefusedError, RedisSetupError, RedisVersionError } from './errors.js'
import type { Script } from './scripts.js'

/** A connection of its own, for commands that wait at the server: `duplicate()` of a client makes one. */
export interface RedisConnection {
  /** Sends a command, and returns the reply of the server. */
  call(command: string, args: (string | number)[]): PromiseLike<unknown>
  /** Adds a listener to errors of the connection. */
  on(event: 'error', listener: (error: Error) => void): unknown
  /** Closes the connection at once. */
  disconnect(): void
}

/** A client of one server. */
export interface RedisServerClient {
  /** Sends a command, and returns the reply of the server. */
  call(command: string, args: (string | number)[]): PromiseLike<unknown>
  /** Makes a client with the same settings and a connection of its own. */
  duplicate(settings?: { readonly maxRetriesPerRequest?: null }): RedisConnection
  /** `end` where the client is closed for good. */
  readonly status?: string
}

/** A client of a cluster. */
export interface RedisClusterClient {
  /** Sends a command to the server of its keys, and returns the reply. */
  call(command: string, args: (string | number)[]): PromiseLike<unknown>
  /** Returns the clients of the primaries. */
  nodes(role: 'master'): readonly RedisServerClient[]
  /** `end` where the client is closed for good. */
  readonly status?: string
}

/** A client of Redis or Valkey, of one server or of a cluster: that of `ioredis` or `iovalkey`. */
export type RedisClient = RedisServerClient | RedisClusterClient

export function isCluster(client: RedisClient): client is RedisClusterClient {
  return 'nodes' in client && typeof client.nodes === 'function'
}

/** Options of everything that speaks to Redis. */
export interface RedisOptions {
  /** ms that the server may be away; default 30,000. */
  readonly patience?: number
}

export function checkClient(where: string, client: unknown): void {
  if (typeof client !== 'object' || client === null) throw mistyped(where, 'a client with call', client)
  checkMethod(where, 'a client with call', client, 'call')
}

/** The clients of the primaries of a cluster, as far as its client knows them. */
export function primariesOf(where: string, client: RedisClusterClient): readonly RedisServerClient[] {
  const nodes: unknown = client.nodes('master')
  if (!Array.isArray(nodes)) throw mistyped(`${where}: client.nodes(): the result`, 'an array', nodes)
  for (const node of nodes) checkSourceClient(`${where}: client.nodes(): the result`, node as RedisServerClient) // to be checked
  return nodes as readonly RedisServerClient[] // checked
}

/** For sources, which wait at a connection of their own. */
export function checkSourceClient(where: string, client: RedisClient): void {
  checkClient(where, client)
  if (!isCluster(client)) checkMethod(where, 'a client with call and duplicate', client, 'duplicate')
}

export function checkOptionsOf(where: string, options: unknown, expected: string, names: readonly string[]): void {
  checkRecord(where, expected, options, names)
}

/** ms between two attempts. */
const PAUSE = 100

export type Reply = unknown

interface Evaluation {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly (string | number)[]
}

/** A command, or a script. */
export type Asking = Evaluation | { readonly command: string; readonly args: (string | number)[] }

export class Server {
  private _isChecked = false
  /** The digests of scripts that the server has, or had. */
  private readonly _loaded = new Map<Script, string>()

  constructor(
    /** The function of the user, for errors. */
    readonly where: string,
    readonly client: RedisClient,
    private readonly _patience: number,
  ) {}

  /** The reply to a command. */
  *call(command: string, ...args: (string | number)[]): Generator<never, Reply> {
    return yield* this._asked(() => this.client.call(command, args))
  }

  /** The reply of a script. */
  *eval(script: Script, keys: readonly string[], args: readonly (string | number)[]): Generator<never, Reply> {
    return yield* this._asked(() => this._eval({ script, keys, args }))
  }

  /** The replies to commands and scripts that go out together, in their order. Where one is refused for a while, all are repeated. */
  *together(all: readonly Asking[]): Generator<never, readonly Reply[]> {
    const sent = (each: Asking): PromiseLike<Reply> => ('script' in each ? this._eval(each) : this.client.call(each.command, each.args))
    return this.rows(yield* this._asked(() => Promise.all(all.map(sent))))
  }

  /** A server that was started again, perhaps just now, knows no script: it gets the text with the call, and knows it then. */
  private async _eval({ script, keys, args }: Evaluation): Promise<Reply> {
    const rest = [keys.length, ...keys, ...args]
    const digest = this._loaded.get(script) ?? (await this._load(script))
    try {
      return await this.client.call('evalsha', [digest, ...rest])
    } catch (error) {
      if (!messageOf(error).includes('NOSCRIPT')) throw error
      return await this.client.call('eval', [script, ...rest])
    }
  }

  private async _load(script: Script): Promise<string> {
    const digest: unknown = await this.client.call('script', ['LOAD', script])
    if (typeof digest !== 'string') throw mistyped(`${this.where}: client.call('SCRIPT LOAD'): the result`, 'a text', digest)
    this._loaded.set(script, digest)
    return digest
  }

  private *_asked(ask: () => PromiseLike<Reply>): Generator<never, Reply> {
    const asked = async (): Promise<Reply> => await ask()
    const since = time.timers.now()
    const late = (cause: unknown): RedisAwayError => new RedisAwayError(this.where, this._patience, cause)
    for (;;) {
      if (yield* this._isShut()) throw new RedisClosedError(this.where, new Error('the client of the cluster is closed'))
      const left = Math.max(PAUSE, this._patience - (time.timers.now() - since))
      const { case: which, value } = yield* select({ reply: fromPromise(asked()).attempt(), late: after(left) })
      if (which === 'late') throw late(new Error('no answer'))
      if (value._tag === 'Right') return value.right
      const error = value.left
      if (!isAway(error)) throw translated(this.where, error)
      if (this.client.status === 'end') throw new RedisClosedError(this.where, error)
      if (time.timers.now() - since >= this._patience) throw late(error)
      yield* sleep(PAUSE)
    }
  }

  /**
   * A client of a cluster that was closed keeps the status `close`, and commands wait in it forever; else it has this status for a tick.
   */
  private *_isShut(): Generator<never, boolean> {
    const { client } = this
    if (client.status !== 'close' || !isCluster(client)) return false
    yield* sleep(PAUSE)
    return client.status === 'close'
  }

  /** The rows of a reply. Throws TypeError where the client gives something else. */
  rows(reply: Reply): readonly unknown[] {
    if (!Array.isArray(reply)) throw mistyped(`${this.where}: client.call(): the result`, 'an array', reply)
    return reply
  }

  /** The entry that was read of a part of a reply. Throws TypeError for null. */
  read<T>(part: T | null, reply: unknown): T {
    if (part === null) throw mistyped(`${this.where}: client.call(): the result`, 'an entry of a stream', reply)
    return part
  }

  /** Throws where the server is too old. */
  *check(): Generator<never, void> {
    if (this._isChecked) return
    const version = (yield* this.info('server')).get('redis_version') ?? ''
    if (isTooOld(version)) throw new RedisVersionError(this.where, version)
    this._isChecked = true
  }

  /** The facts of the server, by their names. Throws TypeError where there is no version among them. */
  *info(section: 'server' | 'all'): Generator<never, ReadonlyMap<string, string>> {
    const info = yield* this.call('info', section)
    const lines = typeof info === 'string' ? info.split(/\r?\n/) : []
    const facts = new Map(lines.map((line) => [line.split(':', 1)[0], line.slice(line.indexOf(':') + 1)] as const))
    if (!/^\d+\.\d+/.test(facts.get('redis_version') ?? ''))
      throw mistyped(`${this.where}: client.call('INFO'): the result`, 'a text with redis_version', info)
    return facts
  }
}

/** Whether a server of this version lacks what the adapter needs: idle times in XPENDING, of 6.2. */
export function isTooOld(version: string): boolean {
  const [major, minor] = version.split('.').map((part) => Number.parseInt(part, 10))
  return major * 1000 + minor < 6002
}

/** Words of a server that passes by: it starts, fails over, is held up by a script, or cannot write to its disk or to its replicas. */
const passing = /(?:^|: )-?(?:LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|READONLY|BUSY|UNBLOCKED|MISCONF|NOREPLICAS) /
const lost = /^(?:Connection is closed|Stream isn't writeable|Connection is in closing state|Command timed out|Command queue state error)/
/** Words of the client of a cluster: a server is away or a slot on its way for longer than the client tries again; it has no server. */
const ofCluster = /^(?:Too many Cluster redirections|Failed to refresh slots cache|Cluster is(?:n't ready| ended)|None of startup nodes)/

export function isAway(error: unknown): boolean {
  const message = messageOf(error)
  const hasGivenUp = textIn(error, 'name') === 'MaxRetriesPerRequestError'
  return hasGivenUp || passing.test(message) || isUnreached(textIn(error, 'code')) || lost.test(message) || ofCluster.test(message)
}

function messageOf(error: unknown): string {
  return textIn(error, 'message')
}

/** An error that is no reply of the server is that of the client, and stays as it is. */
export function translated(where: string, error: unknown): unknown {
  if (textIn(error, 'name') !== 'ReplyError') return error
  const message = messageOf(error)
  if (/NOGROUP|no such key/i.test(message))
    return new RedisSetupError(where, 'the stream or its group is missing: plan(client, …).apply() creates them', error)
  if (message.includes('WRONGTYPE')) return new RedisSetupError(where, 'the key of the stream has another type', error)
  if (/unknown (?:sub)?command/i.test(message)) return new RedisSetupError(where, `the server lacks a command: ${message}`, error)
  const ofScript = /: -([A-Z]+) /.exec(message) // of Redis 6: the error of a command in a script stands behind that of the script
  return new RedisRefusedError(where, ofScript?.[1] ?? /^[A-Z]+/.exec(message)?.[0] ?? 'ERR', error)
}
