/** The public surface of `millrace/broker`: the envelope, the stages that keep it, the end, and a broker in memory. */
export { batch } from './batch.js'
export { byKey, type DeliveryByKeyOptions } from './by-key.js'
export { decode, encode, type EncodeInput, type EncodeOutput } from './decode.js'
export { BlockedKeyError, PoisonError, positionOf, type Delivery, type MessageFacts, type Position } from './delivery.js'
export type { DoctorFeature, DoctorReport, DoctorSetting } from './doctor.js'
export { drain, DrainError, type DrainOptions } from './drain.js'
export { fromPull, type PullOptions } from './from-pull.js'
export { health, type Health, type HealthOptions } from './health.js'
export { lag, type Lag } from './lag.js'
export type { Lease, Message, PullDriver } from './lease.js'
export { replay, type ReplayOptions, type ReplayReport } from './letters/replay.js'
export type { StoredLetter } from './letters/letter.js'
export { RevokedError } from './log-partition.js'
export { LeaseLostError } from './memory/drivers.js'
export type { Chooser, FaultOptions } from './memory/faults.js'
export type { FromMemory, ToMemory } from './memory/link.js'
export {
  memoryBroker,
  type MemoryBroker,
  type MemoryBrokerOptions,
  type MemoryLink,
  type MemoryPublishing,
} from './memory/memory-broker.js'
export type { MemoryMessage } from './memory/topic.js'
export { memoryOnce, type MemoryOnce } from './once/memory-once.js'
export { ClaimLostError, once, UnsureError, type OnceClaim, type OnceOptions, type OnceStore } from './once/once.js'
export { partitions } from './partitions.js'
export type { DeadDelivery, DeadLetters, OnPoison, SettleOptions } from './policy.js'
export { settle } from './settle.js'
export type { StageLink, StageTopics } from './stage/messages.js'
export { serve, type ServeOptions } from './stage/serve.js'
export { stage, type OverOptions, type Stage, type StageParts, type StageWork } from './stage/stage.js'
export { flatThrough, keep, through, type DeliveryWork, type ValueWork } from './through.js'
