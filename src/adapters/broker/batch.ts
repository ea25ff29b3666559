import { map, type OperatorFunction } from 'rxjs'
import { batch as batchItems, type BatchOptions } from '../../operators/index.js'
import { Envelope, envelopeOf, type Delivery } from './delivery.js'
import { join } from './rights.js'

/**
 * Deliveries in batches: one delivery of an array, whose messages are settled together. As `batch` of
 * `millrace/operators` otherwise.
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
  const batched = batchItems<Delivery<T>>(options)
  return (source) => batched(source).pipe(map(joined))
}

function joined<T>(deliveries: readonly Delivery<T>[]): Delivery<T[]> {
  const envelopes = deliveries.map((delivery) => envelopeOf('batch(): an item', delivery))
  return new Envelope(
    envelopes.map(({ value }) => value),
    join(envelopes),
  )
}
