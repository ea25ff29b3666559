/** Values that cross a border of a stage, validated by a Standard Schema. */
import { InvalidItemError, type SchemaResult, type StandardSchema } from '../../operators/index.js'
import { mistyped } from '../../runtime/internal.js'

/** Throws TypeError for a value that is no schema. */
export function checkSchema<R>(where: string, schema: StandardSchema<R>): StandardSchema<R>['~standard'] {
  const standard = (schema as Partial<StandardSchema<R>> | null | undefined)?.['~standard'] // from JavaScript it may be anything
  if (typeof standard?.validate !== 'function') throw mistyped(where, 'a schema that implements Standard Schema', schema)
  return standard
}

/** The output of a schema, or the error of an item that does not match. */
export type Validated<R> = { readonly value: R; readonly error: null } | { readonly error: InvalidItemError }

/** Reads the result of a validation. Throws TypeError for a result that is none. `stage` and `position` name the item in the error. */
export function validated<R>(where: string, result: SchemaResult<R>, stage: string, position: number): Validated<R> {
  const given: unknown = result // a schema of the user
  if (typeof given !== 'object' || given === null) throw mistyped(`${where}: the result of validate`, 'an object', given)
  return result.issues === undefined
    ? { value: result.value, error: null }
    : { error: new InvalidItemError(stage, position, result.issues) }
}
