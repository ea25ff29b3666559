/**
 * The connection of a worker to the broker in memory: what is sent arrives later, from the run queue, in its order; what
 * is sent over a connection that was cut, or to a broker that is down, never arrives.
 */
import { queue, Ring, type Runnable } from '../../../runtime/internal.js'

export class Wire implements Runnable {
  readonly scope = null
  private readonly _sent = new Ring<() => void>()
  private _isQueued = false

  constructor(
    private readonly _arrives: () => boolean,
    /** Called before each arrival: a fault may be chosen. */
    private readonly _before: () => void = () => undefined,
  ) {}

  send(arrival: () => void): void {
    this._sent.push(arrival)
    if (this._isQueued) return
    this._isQueued = true
    queue.push(this)
  }

  run(): void {
    this._isQueued = false
    const arrival = this._sent.shift()
    if (this._sent.size > 0) {
      this._isQueued = true
      queue.push(this)
    }
    if (arrival === undefined || !this._arrives()) return
    this._before()
    if (this._arrives()) arrival()
  }

  /** Loses everything that is on its way. */
  clear(): void {
    while (this._sent.shift() !== undefined);
  }
}
