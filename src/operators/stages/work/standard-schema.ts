/** The interface of Standard Schema, version 1, as far as `decode` uses it: zod, valibot, arktype and others implement it. */

/** A fault that a schema found in a value. */
export interface SchemaIssue {
  readonly message: string
  /** The keys that lead to the part of the value, from the outside. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The result of a validation: a value, or issues. */
export type SchemaResult<R> = { readonly value: R; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] }

/** A schema that implements Standard Schema. */
export interface StandardSchema<R = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    /** Validates a value: its output, or issues. */
    readonly validate: (value: unknown) => SchemaResult<R> | Promise<SchemaResult<R>>
    readonly types?: { readonly input: unknown; readonly output: R } | undefined
  }
}

/** The text of an issue: the path, and the message. */
export function textOf({ path = [], message }: SchemaIssue): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
  return keys.length === 0 ? message : `${keys.join('.')}: ${message}`
}
