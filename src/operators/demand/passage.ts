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
import type { Demand, HeldPassages } from './demand.js'

/** True where everything that was emitted to `from` has reached `end`, or the end of the pipeline. Otherwise `then` runs then. */
export function passage(from: Demand, end: Demand | null, then: () => void): boolean {
  for (let at = from; at !== end && at.stage !== null;) {
    const { stage } = at
    if (!stage.passes(() => passage(stage.below, end, then) && then(), hold)) return false
    at = stage.below
  }
  return true
}

/** Stages receive this function with a passage, so that a pipeline without commits loads none of this. */
function hold(held: HeldPassages | null, then: () => void, items: number, before = Infinity): HeldPassages {
  const passages = held instanceof Passages ? held : new Passages()
  passages.add({ items, before, then })
  return passages
}

interface Wait {
  /** Items that have to leave. */
  items: number
  /** Only items before this position count. */
  readonly before: number
  readonly then: () => void
}

class Passages implements HeldPassages {
  private _waits: Wait[] = []

  add(wait: Wait): void {
    this._waits.push(wait)
  }

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
