import type { OperatorFunction } from 'rxjs'
import { workerPool, type SchemaResult, type StandardSchema } from '../../operators/index.js'
import { stageNotes } from '../../operators/internal.js'
import { checkOptions } from '../../runtime/internal.js'
import type { StageOptions } from '../../operators/index.js'
import { NOTHING } from '../../operators/internal.js'
import { envelopeOf, type Delivery, type Envelope } from './delivery.js'
import { checkSchema, validated } from './schema.js'

/**
 * Validates the value of each delivery with a schema, and passes its output on, in order. A message that does not match is
 * given up at once, with InvalidItemError, and goes to the dead letters of `settle`: further attempts would change nothing.
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
  return validating('decode', schema, options)
}

/** The values that a schema takes, as far as it says so. */
export type EncodeInput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['input']

/** The output of a schema. */
export type EncodeOutput<S extends StandardSchema> = NonNullable<S['~standard']['types']>['output']

/**
 * Validates the value of each delivery before a `to` publishes it, and passes the output of the schema on, in order: so
 * no message leaves that its readers cannot decode. A value that does not match is a fault of the work above, which no
 * attempt would change: its message is given up at once, with InvalidItemError, and goes to the dead letters of `settle`
 * as it came.
 *
 * Shape: a delivery for each that is valid. Holds 1. Fails with an error that the schema throws. Throws TypeError for a
 * schema without a `~standard`. Source: Standard Schema, https://standardschema.dev.
 *
 * @example
 * ```ts
 * const named = link.from<User>({ log: 'users' }).pipe(byKey((d) => d.key, 8, (user) => ({ sensor: user.name, degrees: 20 })))
 * const settled = named.pipe(encode(readingSchema), link.to({ topic: 'readings' }), settle({ deadLetters: dead }))
 * ```
 */
export function encode<S extends StandardSchema>(
  schema: S,
  options?: StageOptions,
): OperatorFunction<Delivery<EncodeInput<S>>, Delivery<EncodeOutput<S>>> {
  return validating<EncodeOutput<S>>('encode', schema, options)
}

/** `decode` and `encode`: the same work, at the two edges of a pipeline. */
function validating<R>(
  operator: 'decode' | 'encode',
  schema: StandardSchema<R>,
  options: StageOptions | undefined,
): OperatorFunction<Delivery<unknown>, Delivery<R>> {
  const standard = checkSchema(`${operator}(schema)`, schema)
  checkOptions(`${operator}(schema, options)`, options, ['name', 'overflow', 'sparse'])
  const { name } = stageNotes(operator, options)
  let position = -1
  const judged = (delivery: Envelope<unknown>, result: SchemaResult<R>): Delivery<R> => {
    const read = validated(`${operator}(schema)`, result, name, position)
    if (read.error === null) return delivery.with(read.value)
    if (!delivery.right.isSettled) delivery.reject(read.error)
    return NOTHING as never // the engine knows it
  }
  const validate = (delivery: Delivery<unknown>): Delivery<R> | PromiseLike<Delivery<R>> => {
    position++
    const envelope = envelopeOf(`${operator}(): an item`, delivery).admitted()
    if (envelope === null) return NOTHING as never // as above
    const result = standard.validate(envelope.value)
    return result instanceof Promise ? result.then((it) => judged(envelope, it)) : judged(envelope, result)
  }
  return workerPool(1, validate, { ...options, name, ordered: true })
}
