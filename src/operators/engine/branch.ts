/** A branch of `fanOut` or `broadcast`: an observable that its owner feeds, as far as there is demand in it. */
import { Observable } from 'rxjs'
import { Outlet } from '../demand/downstream.js'

/** The owner, as its branches see it. */
export interface Trunk {
  /** A branch was subscribed to, or its subscriber left. */
  changed(): void
}

export class Branch<T> {
  /** Where its items go; null while nobody listens. */
  outlet: Outlet<T> | null = null
  private _isDone = false

  /** What the user's branch is built on. One subscriber at a time. */
  readonly observable = new Observable<T>((subscriber) => {
    if (this.outlet !== null) {
      subscriber.error(new Error('millrace: a branch has one subscriber; use share() inside the branch'))
      return
    }
    const outlet = new Outlet(subscriber)
    if (this._isDone) {
      outlet.complete()
      return
    }
    this.outlet = outlet
    this.trunk.changed()
    return () => {
      this.outlet = null
      this.trunk.changed()
    }
  })

  constructor(private readonly trunk: Trunk) {}

  get isOpen(): boolean {
    return this.outlet !== null && this.outlet.isOpen
  }

  complete(): void {
    this._isDone = true
    this.outlet?.complete()
  }
}
