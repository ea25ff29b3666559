import type { OperatorFunction } from 'rxjs'
import { byKey as itemsByKey, type FailureOptions } from '../../operators/index.js'
import { checkFunction, checkOptions } from '../../runtime/internal.js'
import type { Delivery } from './delivery.js'
import { through, type ValueWork } from './through.js'

/** Options of `byKey` on deliveries: there is no `commit`, since `settle` tells the broker. */
export interface DeliveryByKeyOptions extends FailureOptions {
  /** Messages that may wait for their key or for a worker; default 16 times `n`. */
  readonly waiting?: number
}

/**
 * Up to `n` workers in parallel across keys; the messages of one key one after the other, in order, through every
 * further attempt. `work` receives the value, the context of the delivery and the delivery, as for `through`.
 *
 * As `byKey` of `millrace/operators` otherwise, but for two points: a message whose key is null waits for no other, and
 * there is no `commit`, since a message is done when its delivery reaches `settle`.
 *
 * @example
 * ```ts
 * const settled = link.from<User>({ log: 'users' }).pipe(byKey((d) => d.key, 8, ({ name }) => name), link.to({ topic: 'names' }), settle())
 * ```
 */
export function byKey<T, R>(
  key: (delivery: Delivery<T>) => unknown,
  n: number,
  work: ValueWork<T, R>,
  options?: DeliveryByKeyOptions,
): OperatorFunction<Delivery<T>, Delivery<R>> {
  checkFunction('byKey(key)', key)
  checkFunction('byKey(key, n, work)', work)
  checkOptions('byKey(key, n, work, options)', options, ['waiting', 'onFailure', 'schedule', 'name', 'overflow', 'sparse'])
  return itemsByKey((delivery: Delivery<T>) => key(delivery) ?? delivery, n, through(work), options)
}
