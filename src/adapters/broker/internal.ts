/**
 * The second index, for the adapters to brokers: the parts that their sources are built of. It is private to the package;
 * the public surface is in `index.ts`.
 */
export { isUnreached, textIn } from './away.js'
export { BatchPublisher, type Unstored } from './batch-publisher.js'
export { checkText, envelopeOf, positionOf, textOf } from './delivery.js'
export { checkLease } from './lease.js'
export { NOTHING_LOST, reportOf } from './doctor.js'
export { letterHeaders } from './letters/letter.js'
export { withLag } from './lag.js'
export { performing } from './performing.js'
export { checkName, nameIn, type Change, type Plan } from './plan.js'
export { logOf } from './partitions.js'
export { LogPartition, type Grant, type LogLink, type LogRecord } from './log-partition.js'
export { LogSession, type Claimed } from './log-session.js'
export { jsonOf } from './json.js'
export { Session } from './session.js'
