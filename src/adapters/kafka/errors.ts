/** Failures of the way to Kafka, each with the thing that is missing and the call that makes it. */
import { headOf } from '../../runtime/internal.js'

/** The topic is not there, has another number of partitions, or ends before the offset that the group has committed. */
export class KafkaSetupError extends Error {
  override readonly name = 'KafkaSetupError'
  constructor(where: string, problem: string, cause?: unknown) {
    super(`${where}: ${problem}`, cause === undefined ? undefined : { cause })
  }
}

/** The server refused a request: wrong credentials, a missing permission; `cause` is the error of the client. */
export class KafkaRefusedError extends Error {
  override readonly name = 'KafkaRefusedError'
  constructor(
    where: string,
    /** The name that Kafka gives to the error: `TOPIC_AUTHORIZATION_FAILED`, `SASL_AUTHENTICATION_FAILED`. */
    readonly code: string,
    cause: unknown,
  ) {
    super(`${where}: ${code}: ${headOf(cause)}`, { cause })
  }
}

/** The server has been away for the time of `patience`; `cause` is the last error of the client, where there was one. */
export class KafkaAwayError extends Error {
  override readonly name = 'KafkaAwayError'
  constructor(
    where: string,
    readonly patience: number,
    cause: unknown,
  ) {
    super(`${where}: the server was away for ${patience} ms: ${headOf(cause)}`, { cause })
  }
}

/** The client was closed by its owner. */
export class KafkaClosedError extends Error {
  override readonly name = 'KafkaClosedError'
  constructor(where: string) {
    super(`${where}: the client is closed`)
  }
}

/** The server is too old. */
export class KafkaVersionError extends Error {
  override readonly name = 'KafkaVersionError'
  constructor(
    where: string,
    /** The request that the server does not know, with the version that is needed. */
    readonly request: string,
  ) {
    super(`${where}: the server does not know ${request}: Kafka 4.0 or later is needed`)
  }
}

/** The message has more bytes than `maxBytes` or its topic allows. */
export class KafkaTooLargeError extends Error {
  override readonly name = 'KafkaTooLargeError'
  constructor(
    where: string,
    readonly bytes: number,
    /** The most bytes; null where the server has not said it: the setting `max.message.bytes` of the topic. */
    readonly maxBytes: number | null,
  ) {
    super(`${where}: the message has ${bytes} bytes, and ${maxBytes === null ? 'the topic takes fewer' : `maxBytes is ${maxBytes}`}`)
  }
}
