/** Random programs over the boxes of integers: as values of fast-check, performed here, and by a model that is a bigint. */
import fc from 'fast-check'
import { atomicInt32, atomicInt64, atomicUint32, atomicUint64, shared, type AtomicInteger } from '../../src/adapters/threads/index.js'

type Box = AtomicInteger<number> | AtomicInteger<bigint>

export const kinds = ['atomicInt32', 'atomicUint32', 'atomicInt64', 'atomicUint64'] as const
export type Kind = (typeof kinds)[number]

export const memories = {
  plain: { atomicInt32, atomicUint32, atomicInt64, atomicUint64 },
  shared,
} as const satisfies Record<string, Record<Kind, () => Box>>

export type Operation = readonly [op: 'load' | 'store' | 'add' | 'swap' | 'cas' | 'and' | 'or', a: bigint, b: bigint]

const widthOf = (kind: Kind): 32 | 64 => (kind.endsWith('32') ? 32 : 64)

/** Numbers at the borders of the types, and small numbers that a comparison meets; for 32 bits as a number that is exact. */
const operand = (kind: Kind): fc.Arbitrary<bigint> => {
  const borders = [0n, 1n, -1n, 2n ** 31n - 1n, -(2n ** 31n), 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n]
  const wide = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 63n, 2n ** 64n - 1n]
  const most = widthOf(kind) === 32 ? 2n ** 53n - 1n : 2n ** 63n
  return fc.oneof(
    fc.constantFrom(...borders, ...(widthOf(kind) === 64 ? wide : [])),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.bigInt({ min: -most, max: most }),
  )
}

export const programOf = (kind: Kind): fc.Arbitrary<readonly Operation[]> =>
  fc.array(
    fc.tuple(
      fc.constantFrom('load' as const, 'store' as const, 'add' as const, 'swap' as const, 'cas' as const, 'and' as const, 'or' as const),
      operand(kind),
      operand(kind),
    ),
    { minLength: 1, maxLength: 30 },
  )

/** The result of each operation, as a text. */
export function performed(kind: Kind, box: Box, program: readonly Operation[]): string[] {
  const of = (n: bigint): never => (widthOf(kind) === 32 ? Number(n) : n) as never // the box takes this type
  return program.map(([op, a, b]) => {
    if (op === 'load') return String(box.load())
    if (op === 'cas') return String(box.compareAndSwap(of(a), of(b)))
    const result = box[op](of(a))
    return op === 'store' ? '-' : String(result)
  })
}

/** The same by a bigint that is cut to the width after each step. */
export function modeled(kind: Kind, program: readonly Operation[]): string[] {
  const cut = (n: bigint): bigint => (kind.includes('Uint') ? BigInt.asUintN : BigInt.asIntN)(widthOf(kind), n)
  let value = 0n
  const becomes = (next: bigint): bigint => (value = cut(next))
  return program.map(([op, a, b]) => {
    const before = value
    if (op === 'add') return String(becomes(value + a))
    if (op === 'cas') return String(before === cut(a) && (becomes(b), true))
    if (op === 'store' || op === 'swap') becomes(a)
    if (op === 'and') becomes(value & a)
    if (op === 'or') becomes(value | a)
    return op === 'store' ? '-' : String(before)
  })
}
