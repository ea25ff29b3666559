/**
 * The passage of the items that a stage has emitted to the end of the pipeline: through every stage below, one after the
 * other. A commit waits for it.
 *
 *     byKey ──▶ [ a stage: 3 items ] ──▶ [ another: 5 items ] ──▶ the end
 *                └─ these 3 have left ─────┴─ these 5 have left ──▶ `then`
 *
 * A stage counts the items that it holds when the passage reaches it. When these have left it, everything made from them
 * has arrived below, and the passage goes on there. The items that come meanwhile are not waited for, so a passage ends
 * although the pipeline is always full. Nothing is counted while no passage waits.
 *
 * An operator of RxJS between two stages is no part of it: an item that has been handed to it has arrived at the stage
 * below, or counts as accepted.
 *
 * Always true:
 * - a passage that a stage holds back goes on at most once, and never where the stage has lost an item in its own failure
 *   or because its subscriber left;
 * - a branch that has completed holds no passage back: the items left in it are not wanted.
 */

/** A demand, as a passage sees it. */
export interface Place {
  /** The stage that counts its items; null at the end of the pipeline. */
  readonly stage: Passable | null
}

/** A stage, as a passage sees it. */
export interface Passable {
  /** The demand that the items meet next. */
  readonly below: Place
  /** True where every item that has arrived has left. Otherwise `then` runs when they have. */
  passes(then: () => void): boolean
}

/** True where everything that was emitted to `from` has reached `end`, or the end of the pipeline. Otherwise `then` runs then. */
export function passage(from: Place, end: Place | null, then: () => void): boolean {
  for (let at = from; at !== end && at.stage !== null;) {
    const { stage } = at
    if (!stage.passes(() => passage(stage.below, end, then) && then())) return false
    at = stage.below
  }
  return true
}

interface Wait {
  /** Items that have to leave. */
  items: number
  /** Only items before this position count. */
  readonly before: number
  readonly then: () => void
}

/** The passages that a stage holds back. */
export class Passages {
  private _waits: Wait[] = []

  /** `then` runs when this number of items has left, of those before a position. */
  add(items: number, then: () => void, before = Infinity): void {
    this._waits.push({ items, before, then })
  }

  /** Items have left: one at this position, or the first that came. A throw of `then` (of a commit) goes to `failed`. */
  left(items: number, position: number, failed: (cause: unknown) => void): void {
    const waits = this._waits
    if (waits.length === 0) return
    for (const wait of waits) if (position < wait.before) wait.items -= items
    if (!waits.some(isOver)) return
    this._waits = waits.filter((wait) => !isOver(wait))
    try {
      for (const { then } of waits.filter(isOver)) then()
    } catch (cause) {
      failed(cause)
    }
  }
}

function isOver({ items }: Wait): boolean {
  return items <= 0
}
