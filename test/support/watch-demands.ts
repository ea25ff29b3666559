/**
 * Watches the demands that are created from now on. Returns a function that counts the demands that stand still: open,
 * a source waits, and nothing will call it. Call it between two steps of the run queue.
 */
import { demandProbe, type Demand } from '../../src/operators/demand/demand.js'

export function watchDemands(): () => number {
  const demands: Demand[] = []
  demandProbe.created = (demand) => demands.push(demand)
  return () => {
    demandProbe.created = null
    return demands.filter(({ isStuck }) => isStuck).length
  }
}
