/**
 * A connection of its own for a command that waits at the server. It is opened with the first wait; in a cluster to the primary of the
 * stream, since the id by which a wait is interrupted is of one connection to one server.
 *
 * Always true: one command waits at a time; where the connection is lost, its messages stay with the server until their lease has ended.
 */
import { checkMethod, headOf } from '../../runtime/internal.js'
import { textIn } from '../broker/internal.js'
import { isAway, isCluster, primariesOf, type RedisConnection, type RedisServerClient, type Server } from './client.js'

/** A connection that waits, and a client of the same server. */
interface Place {
  readonly connection: RedisConnection
  readonly node: RedisServerClient
}

export class Reader {
  private _place: Promise<Place> | null = null
  /** Of the connection that waits, and the client that may interrupt it; null where it is not known. */
  private _waiter: { readonly id: number | string; readonly node: RedisServerClient } | null = null
  private _isInterrupted = false
  private _waiting: Promise<void> | null = null

  constructor(
    private readonly _server: Server,
    private readonly _stream: string,
  ) {}

  get isWaiting(): boolean {
    return this._waiting !== null
  }

  /** Sends a command that waits, and hands over its reply, or its failure. */
  wait(command: string, args: (string | number)[], ends: { replied(reply: unknown): void; failed(cause: unknown): void }): void {
    const over = (f: () => void) => () => {
      this._waiting = null
      f()
    }
    this._waiting = this._sent(command, args).then(
      (reply) => over(() => ends.replied(reply))(),
      (cause: unknown) => over(() => ends.failed(cause))(),
    )
  }

  private async _sent(command: string, args: (string | number)[]): Promise<unknown> {
    this._waiter = null
    this._isInterrupted = false
    try {
      const { connection, node } = await (this._place ??= this._open())
      const known = (id: unknown): void => {
        if (typeof id === 'number' || typeof id === 'string') this._waiter = { id, node }
        if (this._isInterrupted) this.interrupt()
      }
      connection.call('client', ['ID']).then(known, nothing)
      return await connection.call(command, args)
    } catch (cause) {
      throw isCluster(this._server.client) ? this._left(cause) : cause
    }
  }

  /** In a cluster the next wait looks for the primary of the stream anew. */
  private _left(cause: unknown): unknown {
    this.close()
    return isElsewhere(cause) ? new Error(`CLUSTERDOWN ${headOf(cause)}`, { cause }) : cause
  }

  private async _open(): Promise<Place> {
    const { client, where } = this._server
    const node = isCluster(client) ? await this._primary(primariesOf(where, client)) : client
    const connection = node.duplicate({ maxRetriesPerRequest: null })
    for (const method of ['call', 'on', 'disconnect'])
      checkMethod(`${where}: client.duplicate(): the result`, 'a client with call, on and disconnect', connection, method)
    connection.on('error', nothing) // of the owner of the client, who sees the same
    return { connection, node }
  }

  /** The client of the server that has the stream: the others send elsewhere. Fails as a server that is away while none has it. */
  private async _primary(nodes: readonly RedisServerClient[]): Promise<RedisServerClient> {
    const asked = nodes.map(async (node) => {
      await node.call('exists', [this._stream])
      return node
    })
    try {
      return await Promise.any(asked)
    } catch (error) {
      const causes: readonly unknown[] = (error as AggregateError).errors // of Promise.any
      throw (
        causes.find((cause) => !isElsewhere(cause) && !isAway(cause)) ??
        new Error('CLUSTERDOWN no primary has the stream', { cause: error })
      )
    }
  }

  /** The command returns without a message, as soon as the server hears of that. */
  interrupt(): void {
    this._isInterrupted = true // where the id is not known yet, it is on its way
    if (!this.isWaiting || this._waiter === null) return
    const { id, node } = this._waiter
    node.call('client', ['UNBLOCK', id]).then(nothing, nothing) // refused: the command returns by itself
  }

  /** Completes when no command waits. */
  async idle(): Promise<void> {
    await this._waiting
  }

  close(): void {
    this._place?.then(({ connection }) => {
      connection.disconnect()
    }, nothing)
    this._place = null
  }
}

/** The slot of the stream is at another server of the cluster, or on its way there. */
const isElsewhere = (error: unknown): boolean => /^(?:MOVED|ASK) /.test(textIn(error, 'message'))

const nothing = (): void => undefined
