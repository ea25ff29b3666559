/**
 * Operations that a goroutine makes and nobody performs: `jobs.send(1)` alone does nothing, and looks as if it did.
 *
 * A list of those made (the probe shows them; what shares one operation, as `receive()`, is made to hand out one for each call) and a set of those
 * taken up: performed, made a part of another, or polled. Stand-ins for methods of operations see that.
 */
import { mutex, rwMutex, select, semaphore, waitGroup } from '../../runtime/index.js'
import { Channel, Operation, queue } from '../../runtime/internal.js'
import { prototypeOf, StandIns, type Methods } from './stand-ins.js'

/** Of the rest, what a goroutine makes in order to perform it: many others are made once, with the thing they are of, and shared. */
const madeToPerform = /^(chan send|sleep)$/

type Places = readonly (readonly [Methods, readonly PropertyKey[]])[]

const takingUp = (): Places => [
  [Operation.prototype as unknown as Methods, [Symbol.iterator, 'then', 'subscribe', 'map', 'within', 'attempt']], // methods all
  [prototypeOf(prototypeOf(select([]))), ['poll']], // `trySelect` does that alone
]

const handingOut = (): Places => [
  [Channel.prototype as unknown as Methods, ['receive']], // as above
  [prototypeOf(mutex()), ['lock']],
  [prototypeOf(rwMutex()), ['lock', 'rLock']],
  [prototypeOf(waitGroup()), ['wait']],
  [prototypeOf(semaphore(1)), ['acquire']],
]

export class Unperformed {
  private readonly _made: Operation<unknown>[] = []
  private readonly _handedOut: Operation<unknown>[] = []
  private readonly _takenUp = new Set<object>()
  private readonly _standIns = new StandIns()

  reset(): void {
    this._made.length = 0
    this._handedOut.length = 0
    this._takenUp.clear()
  }

  /** For the probe. */
  made(operation: object): void {
    if (queue.running !== null) this._made.push(operation as Operation<unknown>) // what the probe shows
  }

  watch(): void {
    const { _takenUp: takenUp, _handedOut: handedOut } = this
    for (const [prototype, names] of takingUp()) {
      this._standIns.put(prototype, names, (original) => {
        return function (this: object, ...args) {
          takenUp.add(this)
          return original.apply(this, args)
        }
      })
    }
    for (const [prototype, names] of handingOut()) {
      this._standIns.put(prototype, names, (original) => {
        return function (this: object, ...args) {
          const shared = original.apply(this, args) as object // an operation
          if (queue.running === null) return shared
          const own = Object.create(shared) as Operation<unknown> // the same in all but identity
          handedOut.push(own)
          return own
        }
      })
    }
  }

  unwatch(): void {
    this._standIns.restore()
  }

  /** Of the run: what was made and not taken up, in words; null where there is none. */
  first(): string | null {
    const { _made: made, _handedOut: handedOut, _takenUp: takenUp } = this
    if (made.length + handedOut.length === 0) return null
    for (const operation of made) for (const part of operation.parts()) takenUp.add(part)
    const slip =
      made.find((one) => !takenUp.has(one) && (one.parts().length > 0 || madeToPerform.test(one.describe()))) ??
      handedOut.find((one) => !takenUp.has(one))
    return slip?.describe() ?? null
  }
}
