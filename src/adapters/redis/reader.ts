/**
 * A connection of its own for a command that waits at the server. It is opened with the first wait.
 *
 * Always true: one command waits at a time; where the connection is lost, its messages stay with the server until their lease has ended.
 */
import { checkMethod } from '../../runtime/internal.js'
import type { RedisClient, RedisConnection } from './client.js'

export class Reader {
  private _connection: RedisConnection | null = null
  private _id: unknown = null
  private _isInterrupted = false
  private _waiting: Promise<void> | null = null

  constructor(
    private readonly _client: RedisClient,
    private readonly _where: string,
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
    const connection = (this._connection ??= this._open())
    this._id = null
    this._isInterrupted = false
    const known = (id: unknown): void => {
      this._id = id
      if (this._isInterrupted) this.interrupt()
    }
    connection.call('CLIENT', ['ID']).then(known, () => known(null))
    return await connection.call(command, args)
  }

  private _open(): RedisConnection {
    const connection = this._client.duplicate({ maxRetriesPerRequest: null })
    for (const method of ['call', 'on', 'disconnect'])
      checkMethod(`${this._where}: client.duplicate(): the result`, 'a client with call, on and disconnect', connection, method)
    connection.on('error', () => undefined) // of the owner of the client, who sees the same
    return connection
  }

  /** The command returns without a message, as soon as the server hears of that. */
  interrupt(): void {
    const id = this._id
    this._isInterrupted = true // where the id is not known yet, it is on its way
    if (!this.isWaiting || (typeof id !== 'number' && typeof id !== 'string')) return
    this._client.call('CLIENT', ['UNBLOCK', id]).then(nothing, nothing) // refused: the command returns by itself
  }

  /** Completes when no command waits. */
  async idle(): Promise<void> {
    await this._waiting
  }

  close(): void {
    this._connection?.disconnect()
    this._connection = null
  }
}

const nothing = (): void => undefined
