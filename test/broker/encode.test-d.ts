import { encode, type Delivery } from 'millrace/broker'
import type { OperatorFunction } from 'rxjs'
import { expectTypeOf, it } from 'vitest'

interface Schema {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => { readonly value: string }
    readonly types?: { readonly input: number; readonly output: string }
  }
}
declare const schema: Schema

it('encode takes the input of its schema, and makes its output', () => {
  expectTypeOf(encode(schema)).toEqualTypeOf<OperatorFunction<Delivery<number>, Delivery<string>>>()
})
