/** The public surface of `millrace/kafka`: topics of Kafka as sources and ends of pipelines. */
export type { KafkaClient, KafkaOptions } from './client.js'
export { doctor, type DoctorOptions } from './doctor.js'
export { KafkaAwayError, KafkaClosedError, KafkaRefusedError, KafkaSetupError, KafkaTooLargeError, KafkaVersionError } from './errors.js'
export { fromKafka, type FromKafka } from './from-kafka.js'
export type { Change, Plan } from '../broker/internal.js'
export { plan, type PlanOptions } from './plan.js'
export { kafkaDeadLetters, toKafka, type KafkaTopicOptions, type ToKafka } from './to-kafka.js'
