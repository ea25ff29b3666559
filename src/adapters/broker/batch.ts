import { map, type OperatorFunction } from 'rxjs'
import type { BatchOptions } from '../../operators/index.js'
import { batchUntil, type LastItems } from '../../operators/internal.js'
import { DONE, Envelope, envelopeOf, type Delivery, type Origin } from './delivery.js'
import { join } from './rights.js'

/**
 * Deliveries in batches: one delivery of an array, whose messages are settled together. As `batch` of
 * `millrace/operators` otherwise.
 *
 * A batch leaves with fewer than `size` too where its source sends no further message before those of the batch are
 * settled: they fill its `window`, or are sent singly after takeovers.
 *
 * The delivery of a batch has the position of its last message, its highest attempt, no headers, and a key where all have
 * the same. Its context ends with the first context of its messages. A batch that is given up becomes a dead letter for each message.
 *
 * @example
 * ```ts
 * const settled = link.from<string>({ queue: 'rows' }).pipe(batch({ size: 100, within: 50 }), workerPool(2, through(insert)), settle())
 * ```
 */
export function batch<T>(options: BatchOptions): OperatorFunction<Delivery<T>, Delivery<T[]>> {
  const batched = batchUntil<Delivery<T>>(options, openMessages)
  return (source) => batched(source).pipe(map(joined))
}

const originsOf = (delivery: Delivery<unknown>): readonly Origin[] => envelopeOf('batch(): an item', delivery).right.origins

/** Nothing more comes for a batch that has all messages which a full source has open. */
const openMessages: LastItems<Delivery<unknown>> = {
  entered(delivery, look) {
    const origins = originsOf(delivery)
    for (const { lease } of origins) lease.whenSettled.add(look)
    return origins.some(({ lease }) => lease.isFull)
  },
  isLast(deliveries, look) {
    const held = new Map<Origin['lease'], number>()
    for (const { lease, isOpen } of new Set(deliveries.flatMap(originsOf))) if (isOpen) held.set(lease, (held.get(lease) ?? 0) + 1)
    for (const lease of held.keys()) lease.whenSettled.add(look)
    return [...held].some(([lease, n]) => lease.isFull && n === lease.open)
  },
}

function joined<T>(deliveries: readonly Delivery<T>[]): Delivery<T[]> {
  const envelopes = deliveries.map((delivery) => envelopeOf('batch(): an item', delivery))
  return new Batched(envelopes)
}

/** A batch whose value is that of its messages still. */
class Batched<T> extends Envelope<T[]> {
  constructor(private readonly _members: readonly Envelope<T>[]) {
    super(
      _members.map(({ value }) => value),
      join(_members),
    )
  }

  override admitted(): Envelope<T[]> | null {
    const left = this._members.filter((member) => !member.right.isSettled && member.admitted() !== null)
    if (left.length === this._members.length) return this
    if (left.length > 0) return this.with(left.map(({ value }) => value))
    this.right.settle(DONE) // each is given up
    return null
  }
}
