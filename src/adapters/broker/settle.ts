import type { OperatorFunction, Subscriber } from 'rxjs'
import { withValue } from '../../runtime/index.js'
import { currentScope, described, failedIn, operate, Stage, stageNotes, under } from '../../operators/internal.js'
import { envelopeOf, type Delivery } from './delivery.js'
import { checkSettle, Policy, policyKey, type SettleOptions } from './policy.js'

/**
 * The end of a pipeline of deliveries: each delivery that arrives is done, and the broker may forget its message. The
 * options are the failure policy of the stages above: how often work is tried, and where messages go that are given up.
 *
 * Shape: emits nothing. Holds 1 item. An item that fails in `workerPool` or `byKey` above keeps its slot during the pauses
 * of its attempts, and until its dead letter is sent. A message that was delivered more than `attempts` times, because
 * the processes that had it ended, becomes a dead letter too, with PoisonError. Completes with the source. Fails with
 * the error of the source; with that of the work, where no dead letters are given or `onPoison` is `stop`; with the
 * error of a dead letter that cannot be sent; with TypeError for an item that is no Delivery. Throws TypeError or
 * RangeError for bad options.
 *
 * @example
 * ```ts
 * const dead = chan<DeadDelivery>(100)
 * const named = link.from<User>({ log: 'users' }).pipe(byKey((d) => d.key, 8, ({ name }) => name))
 * const settled = named.pipe(settle({ attempts: 3, deadLetters: dead }))
 * ```
 */
export function settle(options?: SettleOptions): OperatorFunction<Delivery<unknown>, never> {
  checkSettle(options)
  const own = ['attempts', 'schedule', 'retry', 'deadLetters', 'onPoison', 'blocked']
  const notes = stageNotes('settle', options, own)
  const settled = operate<Delivery<unknown>, never>(notes, 1, (subscriber) => new Settling(subscriber, notes))
  return (source) =>
    settled(
      described<Delivery<unknown>>({ name: 'settle', holds: 0, source }, (subscriber) => {
        const policy = new Policy(options ?? {})
        const scope = currentScope()
        const { stage } = scope.demand
        if (stage instanceof Settling) stage.policy = policy
        const { retries, letters: deadLetters } = policy
        const policed = { ...scope, ctx: withValue(scope.ctx, policyKey, policy), retries, deadLetters }
        subscriber.add(under(policed, () => source.subscribe(subscriber)))
        return () => policy.left()
      }),
    )
}

class Settling extends Stage<Delivery<unknown>, never> {
  private _position = -1
  policy: Policy | null = null

  constructor(subscriber: Subscriber<never>, notes: ConstructorParameters<typeof Stage>[1]) {
    super(subscriber, notes, 1)
  }

  take(delivery: Delivery<unknown>): void {
    this._position++
    try {
      envelopeOf('settle(): an item', delivery).done()
    } catch (cause) {
      return this.flow.fail(failedIn(cause, this.flow.intake.name, this._position))
    }
    this.flow.free(1)
  }

  override finish(): void {
    if (this.policy !== null) this.policy.isComplete = true
    super.finish()
  }

  stopWork(): void {}
}
