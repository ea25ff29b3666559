/**
 * The most frequent of any number of different keys, in bounded memory: the Space-Saving algorithm (Metwally et al., 2005), in batches. Keys are
 * counted exactly while there is room. When it is full, the rarer half is dropped, and a key that comes later starts with the highest count
 * that was dropped: it may have been one of those.
 *
 * Always true: a count is too high by at most its `error`, and never too low.
 */
import { owned } from './entry.js'

export interface Row {
  readonly key: string
  readonly count: number
  /** The count may be too high by so many. */
  readonly error: number
}

interface Counter {
  count: number
  readonly error: number
}

export class Top {
  private readonly _counters = new Map<string, Counter>()
  private _dropped = 0

  constructor(private readonly _room: number) {}

  add(key: string): void {
    const counter = this._counters.get(key)
    if (counter !== undefined) {
      counter.count++
      return
    }
    if (this._counters.size >= this._room) this._dropRarerHalf()
    this._counters.set(owned(key), { count: this._dropped + 1, error: this._dropped })
  }

  private _dropRarerHalf(): void {
    const counts = Float64Array.from(this._counters.values(), ({ count }) => count).sort()
    const middle = counts[Math.floor(counts.length / 2)]
    for (const [key, { count }] of this._counters) if (count <= middle) this._counters.delete(key)
    this._dropped = middle
  }

  rows(n: number): Row[] {
    return [...this._counters]
      .sort(([, a], [, b]) => b.count - a.count)
      .slice(0, n)
      .map(([key, { count, error }]) => ({ key, count, error }))
  }
}
