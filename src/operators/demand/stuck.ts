/**
 * For tests and explorations: looks for a demand that stands still. That is a fault of a stage or source, of Millrace or
 * of an adapter: the pipeline would hang, and nothing would say so.
 *
 *     watch ──▶ a source waits in a demand: noted ──check, after a step──▶ stuck: throws
 *                                                          └──nothing waits──▶ forgotten
 *
 * Always true: while nothing watches, a demand tests one field for this when a source begins to wait.
 */
import { demandProbe, type Demand } from './demand.js'

export class StuckDemands {
  private readonly _waited = new Set<Demand>()
  private _before: typeof demandProbe.waits = null
  private readonly _note = (demand: Demand): void => void this._waited.add(demand)

  /** A watch before it sees nothing meanwhile. */
  watch(): void {
    this._before = demandProbe.waits
    demandProbe.waits = this._note
  }

  /** To be called in the reverse order of `watch`. */
  end(): void {
    demandProbe.waits = this._before
    this.forget()
  }

  /** The pipelines so far are over. */
  forget(): void {
    this._waited.clear()
  }

  /** To be called between two steps of the run queue. Throws for a demand that stands still. */
  check(): void {
    for (const demand of this._waited) {
      if (!demand.isStuck && demand.othersWait) continue
      this._waited.delete(demand)
      if (demand.isStuck) throw new Error(textOf(demand))
    }
  }
}

function textOf({ isOpen, owner, waiters }: Demand): string {
  const stage = owner?.name === undefined ? 'a run' : `stage ${JSON.stringify(owner.name)}`
  const state = isOpen ? 'is open' : `is closed with ${owner?.depth} of ${owner?.slots} slots in use`
  return `millrace: a fault: the demand of ${stage} ${state}, ${waiters} sources wait in it, and nothing calls them. Report it with the pipeline, or look at the Stage or Downstream of your own adapter`
}
