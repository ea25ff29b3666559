/**
 * The notifications of a schema: one client of the pool listens while anybody watches, and listens again with another when it is lost.
 *
 * A notification that is lost holds nothing up: sources look by themselves every `poll` ms. So a pool of one client lends none for it.
 */
import { fromPromise, go, sleep, type Goroutine } from '../../runtime/index.js'
import { checkMethod } from '../../runtime/internal.js'
import { isAway, type PostgresListener, type PostgresPool } from './client.js'

/** ms until another client is tried. */
const PAUSE = 500

/** A source that is notified of new messages. */
export interface Watcher {
  readonly topic: string
  /** A message of the topic was stored, or a partition of it released. */
  wake(): void
  /** The pool gives no client. */
  fail(cause: unknown): void
}

export class Listener {
  private readonly _watchers = new Set<Watcher>()
  private _client: PostgresListener | null = null
  private _listening: Goroutine<void> | null = null

  constructor(
    private readonly _pool: PostgresPool,
    private readonly _channel: string,
  ) {}

  /** Returns a function that ends it. */
  watch(watcher: Watcher): () => void {
    this._watchers.add(watcher)
    if (!hasOneClient(this._pool)) this._listening ??= this._listen()
    return () => {
      this._watchers.delete(watcher)
      if (this._watchers.size > 0) return
      this._listening?.cancel()
      this._listening = null
      this._drop()
    }
  }

  private _listen(): Goroutine<void> {
    const open = (): Promise<void> => this._open()
    const isListening = (): boolean => this._client !== null
    const { _watchers: watchers } = this
    return go(function* listening() {
      for (;;) {
        const opened = isListening() ? null : yield* fromPromise(open()).attempt()
        if (opened?._tag === 'Left' && !isAway(opened.left)) for (const watcher of watchers) watcher.fail(opened.left)
        yield* sleep(PAUSE)
      }
    })
  }

  private async _open(): Promise<void> {
    const client: PostgresListener = await this._pool.connect()
    for (const method of ['query', 'on', 'release'])
      checkMethod('fromPostgres(pool): pool.connect(): the result', 'a client with query, on and release', client, method)
    // Watchers may have left while the client was on its way, and others, which have asked for another, may have come.
    if (this._watchers.size === 0 || this._client !== null) return client.release()
    client.on('error', () => {
      if (this._client === client) this._drop()
    })
    client.on('notification', ({ channel, payload }) => {
      if (channel !== this._channel) return
      for (const watcher of this._watchers) if (watcher.topic === payload) watcher.wake()
    })
    this._client = client
    try {
      await client.query(`listen "${this._channel}"`)
    } catch {
      this._drop()
    }
    for (const watcher of this._watchers) watcher.wake() // for what was stored before
  }

  private _drop(): void {
    const client = this._client
    this._client = null
    client?.release(true)
  }
}

/** A `Pool` of `pg` has its options. */
function hasOneClient(pool: PostgresPool & { readonly options?: { readonly max?: unknown } }): boolean {
  return pool.options?.max === 1
}

const listeners = new WeakMap<PostgresPool, Map<string, Listener>>()

export function listenerOf(pool: PostgresPool, schema: string): Listener {
  const ofPool = listeners.get(pool) ?? new Map<string, Listener>()
  listeners.set(pool, ofPool)
  const listener = ofPool.get(schema) ?? new Listener(pool, schema)
  ofPool.set(schema, listener)
  return listener
}
