/**
 * A port that keeps the process alive only while its thread can act: while the thread has calls, and has not reported that it is still
 * since it last sent or was sent a batch. It hides the reports and the questions from the pool and the server.
 */
import type { Port, ThreadEvents } from '../hosts/host.js'
import { ASK, STILL, type Batch } from '../wire/batch.js'
import { noMoves } from '../wire/moves.js'
import type { Stillness } from './stillness.js'

export class HeldPort implements Port, ThreadEvents {
  /** The goroutines of the thread, at its last reply. */
  dump = ''
  private readonly _port: Port
  /** The acts of the last report. */
  private _acts = -1
  /** The acts that the thread had reported before it was asked. */
  private _actsBefore = -1
  private _isStill = false
  private _isAsked = false
  /** The wave in which the thread said last that it had not acted since its last report before the question. */
  private _quietIn = -1
  private _hasCalls = false

  constructor(
    start: (events: ThreadEvents) => Port,
    private readonly _events: ThreadEvents,
    private readonly _all: Stillness,
    /** The names of the functions that the thread runs. */
    readonly names: () => readonly string[],
  ) {
    this._port = start(this)
    _all.add(this)
  }

  get hasCalls(): boolean {
    return this._hasCalls
  }

  isQuietIn(wave: number): boolean {
    return this._quietIn === wave
  }

  /** Asks whether the thread is still. */
  ask(): void {
    this._isAsked = true
    this._actsBefore = this._acts
    this._port.post([ASK], noMoves)
    this._hold()
  }

  post(batch: Batch, moves: readonly Transferable[]): void {
    this._port.post(batch, moves)
    this._stirred()
  }

  receive(batch: Batch): void {
    if (batch[0] === STILL) return this._reported(batch as StillRecord) // by its kind
    this._stirred()
    this._events.receive(batch)
  }

  private _stirred(): void {
    if (!this._isStill) return
    this._isStill = false
    this._hold()
  }

  private _reported([, acts, dump]: StillRecord): void {
    this._acts = acts
    this._isStill = true // a batch may be under way to the thread: then the reply says that it has acted
    if (dump !== null) {
      this.dump = dump
      this._isAsked = false
      if (acts === this._actsBefore) this._quietIn = this._all.wave
    }
    this._hold()
  }

  ended(cause: unknown): void {
    this._all.remove(this)
    this._events.ended(cause)
  }

  terminate(): void {
    this._port.terminate()
  }

  hold(holds: boolean): void {
    this._hasCalls = holds
    this._hold()
  }

  private _hold(): void {
    this._port.hold(this._isAsked || (this._hasCalls && !this._isStill))
  }
}

type StillRecord = [kind: number, acts: number, dump: string | null]
