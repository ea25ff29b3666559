/**
 * The wait for itself: a goroutine waits for an end that cannot come before its own. It waits for the group that it is a
 * function of, for the shared run that it is, or does so in a child of its jobs, as it waits for the child.
 *
 * Such a wait is refused after it has parked, as only `park` knows the performer: the run queue takes it out of the queue
 * and grants a `Refusal`, which `finish` throws. So a wait by `then` or by a subscription is no fault, and a case that
 * is not chosen has no effect. An async function is not seen, as an `await` does not show its performer.
 */
import { Task } from './task.js'
import { Case } from '../operation/case.js'
import { QueuedOperation } from '../operation/queued.js'
import type { Waiter } from '../operation/waiter.js'
import { queue, type Runnable } from '../scheduler/run-queue.js'

/**
 * Returns the goroutine that the target (a goroutine, or the owner or group of goroutines) waits for, and that cannot
 * end before this performer: the performer itself, or a goroutine that waits for it in a job. Null where there is none.
 */
function heldUpBy(performer: Task | null, target: object): Task | null {
  let one = performer
  while (one !== null && one !== target && one.owner !== target && one.owner?.group !== target) one = one.owner?.performer ?? null
  return one
}

/** The goroutine that performs the wait; null for an `await` and a subscription. */
function performerOf(waiter: Waiter): Task | null {
  let one: Waiter | null = waiter
  while (one instanceof Case) one = one.parent
  return one instanceof Task ? one : null
}

/** Throws the error of a wait for itself, if the goroutine that runs would begin one. */
export function checkSelf(wait: string, target: object): void {
  const performer = queue.running as Task | null // the run queue runs goroutines
  const held = heldUpBy(performer, target)
  if (held !== null) throw waitsForItself(wait, held, performer as Task) // a line begins at its performer
}

function waitsForItself(wait: string, held: Task, performer: Task): Error {
  const through = held === performer ? '' : `, which waits for ${performer.name}`
  return new Error(
    `${wait} in ${performer.name} waits for itself: it would wait for the end of ${held.name}${through}; wait outside ${held.name}, or start the wait with go()`,
  )
}

/** The grant of a wait for itself. */
class Refusal implements Runnable {
  constructor(
    readonly error: Error,
    private readonly _wait: EndWait<unknown>,
    private readonly _waiter: Waiter,
  ) {
    queue.push(this)
  }

  run(): void {
    this._wait.refuse(this._waiter, this)
  }
}

/** A wait for the end of goroutines, which refuses to wait for itself. */
export abstract class EndWait<T> extends QueuedOperation<T> {
  /** The owner of the goroutines, or their group. */
  protected abstract readonly target: object
  /** A waiter parks. */
  protected abstract begins(): void
  /** A waiter gives up, before it parks or after, or gives its grant back. */
  protected abstract left(raw: unknown): void
  /** Makes the result of a grant; may throw. */
  protected abstract result(raw: unknown): T

  override get isPlain(): boolean {
    return true
  }
  override park(waiter: Waiter): void {
    super.park(waiter)
    const held = this._heldBy(waiter)
    if (held === null) this.begins()
    else new Refusal(waitsForItself(this.describe(), held, performerOf(waiter) as Task), this, waiter) // it is held by its performer
  }
  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    if (this._heldBy(waiter) === null) this.left(undefined)
  }
  override decline(): void {
    this.left(undefined)
  }
  override finish(waiter: Waiter): T {
    if (waiter.raw instanceof Refusal) throw waiter.raw.error
    return this.result(waiter.raw)
  }
  override undo(waiter: Waiter): void {
    if (!(waiter.raw instanceof Refusal)) this.left(waiter.raw)
  }

  /** The waiter may have left meanwhile, and even parked again for another performer. */
  refuse(waiter: Waiter, refusal: Refusal): void {
    if (this._heldBy(waiter) === null || ![...this.waiters].includes(waiter)) return
    this.waiters.remove(waiter)
    waiter.settle(refusal)
  }

  private _heldBy(waiter: Waiter): Task | null {
    return heldUpBy(performerOf(waiter), this.target)
  }
}
