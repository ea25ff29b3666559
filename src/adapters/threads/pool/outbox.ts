/**
 * The batch that gathers for a thread. An idle thread is not kept waiting: the batch leaves when the code that runs has returned. A
 * busy thread gets the calls that gather in a turn of the host, at most 64 of them.
 *
 * Always true: a value that moves leaves with the batch of its call.
 */
import type { Port, ThreadHost } from '../hosts/host.js'
import { CALL, recordsOf, type Batch } from '../wire/batch.js'
import { movesIn, noMoves, unmark } from '../wire/moves.js'
import type { Call } from './call.js'

/** Calls in a batch that leaves before the end of the turn. */
const FULL_BATCH = 64

export class Outbox {
  /** The thread is ready and has not ended: batches may leave. */
  isOpen = false
  private _batch: Batch = []
  private _moves: Transferable[] = []
  private _calls = 0
  private _isFlushing = false

  constructor(
    private readonly _host: ThreadHost,
    private readonly _port: Port,
    /** A value of each of these records cannot be cloned. */
    private readonly _onRefused: (records: readonly Batch[], error: unknown) => void,
  ) {}

  add(record: Batch): void {
    this._batch.push(...record)
  }

  /** Adds a call in this slot, to the function with this number. */
  addCall(call: Call, slot: number, number: number): void {
    const { args, context, deadline, links } = call
    this._batch.push(CALL, slot, number, args, context, deadline, links.specs)
    this._calls++
    if (links.specs !== null && this._host.isElsewhere) links.goAbroad()
    const moves = movesIn(args)
    if (moves === noMoves) return
    call.hasMoved = true
    for (const one of moves) if (!this._moves.includes(one)) this._moves.push(one)
  }

  flushSoon(isIdle: boolean): void {
    if (this._calls >= FULL_BATCH) return this.flush()
    if (this._isFlushing) return
    this._isFlushing = true
    const flush = (): void => this.flush()
    if (isIdle) this._host.soon(flush)
    else this._host.atTurn(flush)
  }

  flush(): void {
    this._isFlushing = false
    if (this._batch.length === 0 || !this.isOpen) return
    const [batch, moves] = [this._batch, this._moves]
    this._batch = []
    if (moves.length > 0) this._moves = []
    this._calls = 0
    try {
      this._port.post(batch, moves)
      unmark(moves)
    } catch (error) {
      this._postRecords(batch, error)
    }
  }

  /** A value of the batch cannot be cloned: its call fails, and the other records go. */
  private _postRecords(batch: Batch, error: unknown): void {
    const refused: Batch[] = []
    for (const record of recordsOf(batch)) {
      const moves = movesIn(record)
      try {
        this._port.post(record, moves)
        unmark(moves)
      } catch {
        refused.push(record)
      }
    }
    this._onRefused(refused, error)
  }
}
