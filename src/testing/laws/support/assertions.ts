/** The assertions of laws, and their messages. */

/** A message that costs much to write is a function. */
export function holds(fact: boolean, otherwise: string | (() => string)): void {
  if (!fact) throw new Error(typeof otherwise === 'string' ? otherwise : otherwise())
}

/** The number of times that each item occurs. */
export function counted(items: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

/** No item is doubled; unless `isLossy`, no item is lost. */
export function conserved(got: readonly number[], expected: readonly number[], isLossy = false): void {
  const left = counted(expected)
  for (const item of got) {
    const rest = left.get(item) ?? 0
    holds(rest > 0, () => `item ${item} is doubled: ${text(got)} of ${text(expected)}`)
    left.set(item, rest - 1)
  }
  if (isLossy) return
  const lost = [...left].filter(([, rest]) => rest > 0).map(([item]) => item)
  holds(lost.length === 0, () => `lost ${text(lost)}: ${text(got)} of ${text(expected)}`)
}

/** The items are in the expected order, in each lane where `laneOf` is given. Items may be missing or doubled. */
export function ordered(got: readonly number[], expected: readonly number[], laneOf: (item: number) => unknown = () => 0): void {
  const left = counted(expected)
  const known = got.filter((item) => {
    const rest = left.get(item) ?? 0
    left.set(item, rest - 1)
    return rest > 0
  })
  for (const lane of new Set(known.map(laneOf))) {
    const here = known.filter((item) => laneOf(item) === lane)
    const there = expected.filter((item) => laneOf(item) === lane)
    let at = 0
    for (const item of here) {
      const found = there.indexOf(item, at)
      holds(found >= 0, () => `out of order: ${text(here)}, expected ${text(there)}`)
      at = found + 1
    }
  }
}

const MOST_SHOWN = 20

export function text(items: readonly number[]): string {
  const more = items.length > MOST_SHOWN ? `, … (${items.length})` : ''
  return `[${items.slice(0, MOST_SHOWN).join(', ')}${more}]`
}

/** The numbers from 0 up to, but not including, `n`. */
export function numbers(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}
