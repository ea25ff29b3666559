/**
 * Values that move to the other side with the call or result that has them, in place of a copy. The mark is on the value, so
 * that the types of functions stay as they are.
 */
import { shared } from '../../../runtime/internal.js'

/** The marks, and how many have not been sent: without any, no value is searched. */
const marks = shared('millrace.threads.moves.v1', () => ({ on: new WeakSet<object>(), waiting: 0 }))

/** Marks a transferable object. */
export function mark(value: object): void {
  if (marks.on.has(value)) return
  marks.on.add(value)
  marks.waiting++
}

/** No value moves; most calls share this. */
export const noMoves: readonly Transferable[] = []

/** The marked objects in a value, found through arrays, objects, maps and sets. */
export function movesIn(value: unknown): readonly Transferable[] {
  if (marks.waiting === 0) return noMoves
  const found = new Set<Transferable>()
  find(value, found, new Set())
  return found.size === 0 ? noMoves : [...found]
}

/** The objects have moved. */
export function unmark(moves: readonly Transferable[]): void {
  for (const one of moves) if (marks.on.delete(one)) marks.waiting--
}

function find(value: unknown, found: Set<Transferable>, seen: Set<object>): void {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  const carrier = ArrayBuffer.isView(value) ? value.buffer : value
  if (marks.on.has(carrier))
    found.add(carrier as Transferable) // only such objects are marked
  else if (Array.isArray(value) || value instanceof Set) for (const part of value) find(part, found, seen)
  else if (value instanceof Map) for (const pair of value) find(pair, found, seen)
  else if (isPlain(value)) for (const part of Object.values(value)) find(part, found, seen)
}

/** An object of data, or an array. */
export function isPlain(value: object): boolean {
  const made: unknown = Object.getPrototypeOf(value)
  return made === Object.prototype || made === null || Array.isArray(value)
}
