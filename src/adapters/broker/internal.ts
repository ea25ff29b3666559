/**
 * The second index, for the adapters to brokers: the parts that their sources are built of. It is private to the package;
 * the public surface is in `index.ts`.
 */
export { isUnreached, textIn } from './away.js'
export { checkText, envelopeOf, positionOf, textOf, type Envelope } from './delivery.js'
export { checkLease } from './lease.js'
export { NOTHING_LOST, reportOf } from './doctor.js'
export { letterHeaders } from './letters/letter.js'
export { withLag } from './lag.js'
export { OpenList } from './open-list.js'
export { performing } from './performing.js'
export { BatchPublisher, type Unstored } from './publishing/batch-publisher.js'
export type { Publication } from './publishing/publication.js'
export { givenUp, publishStage } from './publishing/publish-stage.js'
export { checkName, nameIn, type Change, type Plan } from './plan.js'
export { logOf } from './partitions.js'
export { LogPartition, type Grant, type LogLink } from './log-partition.js'
export { LogSession, type Claimed } from './log-session.js'
export { jsonOf } from './json.js'
export { Session } from './session.js'
export { Takes } from './takes.js'
export { StoredMessage, type LogRecord, type MessageParts } from './stored-message.js'
