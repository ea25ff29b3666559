/** Failures of the way to NATS, each with the thing that is missing and the call that makes the thing. */
import { headOf } from '../../runtime/internal.js'

/** The connection was closed: by its owner, or because the client gave up to reconnect; then `cause` says why. */
export class NatsClosedError extends Error {
  override readonly name = 'NatsClosedError'
  constructor(where: string, cause?: unknown) {
    const why = cause === undefined ? '' : `: ${headOf(cause)}`
    super(`${where}: the connection is closed${why}`, cause === undefined ? undefined : { cause })
  }
}

/** A stream or consumer is not there, or is not of the kind that is needed. */
export class NatsSetupError extends Error {
  override readonly name = 'NatsSetupError'
  constructor(where: string, problem: string) {
    super(`${where}: ${problem}`)
  }
}

/** The server refused a request or a message. */
export class NatsRefusedError extends Error {
  override readonly name = 'NatsRefusedError'
  constructor(
    where: string,
    /** The words of the server. */
    readonly description: string,
    /** The code of the server, as HTTP has them; 0 where there is none. */
    readonly code: number,
    options?: ErrorOptions,
  ) {
    super(`${where}: ${description}`, options)
  }
}

/** A server that is connected has not responded for the time of `patience`. */
export class NatsTimeoutError extends Error {
  override readonly name = 'NatsTimeoutError'
  constructor(
    where: string,
    readonly patience: number,
    problem: string,
  ) {
    super(`${where}: ${problem} for ${patience} ms`)
  }
}

/** The server is too old. */
export class NatsVersionError extends Error {
  override readonly name = 'NatsVersionError'
  constructor(
    where: string,
    readonly version: string,
    readonly needed: string,
    why: string,
  ) {
    super(`${where}: the server is nats-server ${version}, and ${why} needs ${needed} or later`)
  }
}

/** A message can never be published: too large for the server, or without a proper subject. */
export class UnpublishableError extends Error {
  override readonly name = 'UnpublishableError'
  constructor(where: string, problem: string, cause: unknown) {
    super(`${where}: ${problem}`, { cause })
  }
}
