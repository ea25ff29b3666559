import type { OperatorFunction } from 'rxjs'
import { InvalidItemError, workerPool, type SchemaResult, type StandardSchema } from '../../operators/index.js'
import { stageNotes } from '../../operators/internal.js'
import { checkOptions, mistyped } from '../../runtime/internal.js'
import type { StageOptions } from '../../operators/index.js'
import { NOTHING } from '../../operators/internal.js'
import { envelopeOf, type Delivery, type Envelope } from './delivery.js'

/**
 * Validates the value of each delivery with a schema, and passes its output on, in order. A message that does not match is
 * given up at once, with InvalidItemError, and goes to the dead letters of `settle`: no attempt would change it.
 *
 * Shape: a delivery for each that is valid. Holds 1. Fails with an error that the schema throws. Throws TypeError for a
 * schema without a `~standard`. Source: Standard Schema, https://standardschema.dev.
 *
 * @example
 * ```ts
 * const settled = link.from({ log: 'readings' }).pipe(decode(readingSchema), link.to({ topic: 'decoded' }), settle({ deadLetters: dead }))
 * ```
 */
export function decode<R>(schema: StandardSchema<R>, options?: StageOptions): OperatorFunction<Delivery<unknown>, Delivery<R>> {
  const standard = (schema as Partial<StandardSchema<R>> | null | undefined)?.['~standard'] // from JavaScript it may be anything
  if (typeof standard?.validate !== 'function') throw mistyped('decode(schema)', 'a schema that implements Standard Schema', schema)
  checkOptions('decode(schema, options)', options, ['name', 'overflow', 'sparse'])
  const { name } = stageNotes('decode', options)
  let position = -1
  const judged = (delivery: Envelope<unknown>, result: SchemaResult<R>): Delivery<R> => {
    const given: unknown = result // a schema of the user
    if (typeof given !== 'object' || given === null) throw mistyped('decode(schema): the result of validate', 'an object', given)
    if (result.issues === undefined) return delivery.with(result.value)
    if (!delivery.right.isSettled) delivery.reject(new InvalidItemError(name, position, result.issues))
    return NOTHING as never // the engine knows it
  }
  const validate = (delivery: Delivery<unknown>): Delivery<R> | PromiseLike<Delivery<R>> => {
    position++
    const envelope = envelopeOf('decode(): an item', delivery)
    const result = standard.validate(delivery.value)
    return result instanceof Promise ? result.then((it) => judged(envelope, it)) : judged(envelope, result)
  }
  return workerPool(1, validate, { ...options, name, ordered: true })
}
