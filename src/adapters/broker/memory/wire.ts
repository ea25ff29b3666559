/**
 * The connection of a worker to the broker in memory: what is sent arrives later, from the run queue, in its order; what
 * is sent over a connection that was cut, or to a broker that is down, never arrives.
 */
import { queue, Ring, type Runnable } from '../../../runtime/internal.js'

export class Wire implements Runnable {
  readonly scope = null
  private readonly _sent = new Ring<() => void>()
  private _isQueued = false
  private _isHeld = false

  constructor(
    private readonly _arrives: () => boolean,
    /** Called before each arrival: a fault may be chosen. */
    private readonly _before: () => void = () => undefined,
  ) {}

  send(arrival: () => void): void {
    this._sent.push(arrival)
    this._goOn()
  }

  /** Arrivals wait until they are let go. */
  hold(isHeld: boolean): void {
    this._isHeld = isHeld
    this._goOn()
  }

  private _goOn(): void {
    if (this._isQueued || this._isHeld || this._sent.size === 0) return
    this._isQueued = true
    queue.push(this)
  }

  run(): void {
    this._isQueued = false
    if (this._isHeld) return
    const arrival = this._sent.shift()
    this._goOn()
    if (arrival === undefined || !this._arrives()) return
    this._before()
    if (this._arrives()) arrival()
  }

  /** Loses everything that is on its way. */
  clear(): void {
    while (this._sent.shift() !== undefined);
  }
}
