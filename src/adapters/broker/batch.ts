import { map, type OperatorFunction } from 'rxjs'
import type { BatchOptions } from '../../operators/index.js'
import { batchWhile } from '../../operators/internal.js'
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
  const batched = batchWhile<Delivery<T>>(options, holdsAll)
  return (source) => batched(source).pipe(map(joined))
}

/**
 * Whether nothing more comes for the batch, as it has all messages that its source may have open. Where other messages of the source are
 * open, `again` is called when one of them is settled.
 */
function holdsAll<T>(deliveries: readonly Delivery<T>[], again: () => void): boolean {
  const originsOf = (delivery: Delivery<T>): readonly Origin[] => envelopeOf('batch(): an item', delivery).right.origins
  const last = deliveries[deliveries.length - 1] // a batch is never empty
  if (!originsOf(last).some(({ lease }) => lease.isFull)) return false
  const origins = new Set(deliveries.flatMap(originsOf))
  const held = new Map<Origin['lease'], number>()
  for (const { lease, isOpen } of origins) if (isOpen && lease.isFull) held.set(lease, (held.get(lease) ?? 0) + 1)
  for (const [lease, n] of held) {
    if (n === lease.open) return true
    lease.whenSettled.add(again)
  }
  return false
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
