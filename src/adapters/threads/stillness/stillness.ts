/**
 * The search for a deadlock across threads. All threads that have calls have reported that they are still, so nothing of them keeps this
 * process alive, and its event loop is empty. That alone proves nothing: a thread may have been woken by shared memory after its report.
 * So all threads are asked once more:
 *
 *     empty ─▶ ask all, which keeps the process alive ─▶ all reply ─▶ empty ─▶ each did nothing since then: the process ends
 *       ▲                                                                └────── else
 *       └────────────────────────────────────────────────────────────────────────┘
 *
 * A thread that did nothing from its last report that came before the question to its reply was still at the moment of the question. That
 * moment is the same for all threads and for this side. No message was under way then: to a thread it would have arrived before the
 * question and been an act, and from a thread it would have arrived before the report that followed. Nothing can act any more.
 */
import { elsewhere, shared } from '../../../runtime/internal.js'
import type { HeldPort } from './held-port.js'

export class Stillness {
  /** The number of the last question to all threads. */
  wave = 0
  private readonly _ports = new Set<HeldPort>()
  /** The wave that let the process end. If the loop is empty again after that, there was work, which may have woken a thread. */
  private _endedBy = 0
  private _stop: (() => void) | null = null

  constructor(
    /** Calls `f` each time that the event loop of this side is empty; returns a function that ends this. */
    private readonly _onEmpty: (f: () => void) => () => void,
    /** Whether a goroutine here waits for shared memory. */
    private readonly _waitsHere: () => boolean,
  ) {}

  add(port: HeldPort): void {
    this._ports.add(port)
    this._stop ??= this._onEmpty(() => this._empty())
  }

  remove(port: HeldPort): void {
    this._ports.delete(port)
    if (this._ports.size > 0) return
    this._stop?.()
    this._stop = null
  }

  private _empty(): void {
    if (!this._isAwaited) return
    if (this.isOver && this._endedBy !== this.wave) {
      this._endedBy = this.wave
      return
    }
    this.wave++
    for (const port of this._ports) port.ask()
  }

  /** A job, or a goroutine here, waits for what a thread does. A thread without jobs keeps no process alive otherwise. */
  private get _isAwaited(): boolean {
    return [...this._ports].some(({ hasCalls }) => hasCalls) || this._waitsHere()
  }

  /** All threads have replied to the last question, and none had acted. */
  get isOver(): boolean {
    return [...this._ports].every((port) => port.isQuietIn(this.wave))
  }

  /** The goroutines of all threads, for the report of an end that was awaited. */
  *dumps(): Generator<string, void> {
    if (!this._isAwaited) return
    let number = 0
    for (const { names, dump } of this._ports) {
      number++
      const runs = names()
      if (runs.length > 0 || dump !== '') yield `thread ${number}${runs.length > 0 ? `, which runs ${runs.join(', ')}` : ''}:\n${dump}`
    }
  }
}

/** The search of this side, for all copies of the package. */
export function stillnessOf(onEmpty: (f: () => void) => () => void, waitsHere: () => boolean): Stillness {
  return shared('millrace.threads.stillness.v1', () => {
    const made = new Stillness(onEmpty, waitsHere)
    elsewhere.add(() => made.dumps())
    return made
  })
}
