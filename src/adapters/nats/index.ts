/** The public surface of `millrace/nats`: sources and stages over streams of NATS JetStream. */
export { NatsClosedError, NatsRefusedError, NatsSetupError, NatsTimeoutError, NatsVersionError, UnpublishableError } from './errors.js'
export { fromNats, type FromNats } from './from-nats.js'
export { natsLink, type NatsLinkOptions } from './nats-link.js'
export { natsOnce, type NatsOnceOptions } from './nats-once.js'
export { subjectToken, type Decode, type Encode } from './message.js'
export type { Change, Plan } from '../broker/internal.js'
export { plan, type PlanOptions } from './plan.js'
export { natsDeadLetters, toNats, type NatsDeadLetters, type ToNats } from './to-nats.js'
