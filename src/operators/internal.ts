/**
 * The second index, for the adapters: the parts that sources, stages and sinks are built of. It is private to the
 * package; the public surface is in `index.ts`.
 */
export { Demand } from './demand/demand.js'
export { failedAfterEnd, failedGivenUp, failedIn, type DeadLetter } from './demand/errors.js'
export { passage } from './demand/passage.js'
export { StuckDemands } from './demand/stuck.js'
export { report, stageNotes, type StageNotes } from './demand/unpaced.js'
export { currentScope, described, Downstream, publish, scopeFor, under, withDemand, type Description, type Scope } from './demand/scope.js'
export { SerialStage } from './engine/serial.js'
export { operate, Stage } from './engine/stage.js'
export { NOTHING, type WorkerSlot } from './engine/worker-slot.js'
export { workerPlan, type WorkerPlan } from './engine/worker-stage.js'
export { checkPipeline, running } from './sinks/run.js'
export { batchUntil, type LastItems } from './stages/buffers/batch.js'
export { Pool } from './stages/work/worker-pool.js'
