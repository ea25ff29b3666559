/** Failures of the way to Redis, each with the thing that is missing and the call that makes it. */
import { headOf } from '../../runtime/internal.js'

/** The stream or its group is not there, or its key has another type. */
export class RedisSetupError extends Error {
  override readonly name = 'RedisSetupError'
  constructor(where: string, problem: string, cause?: unknown) {
    super(`${where}: ${problem}`, cause === undefined ? undefined : { cause })
  }
}

/** The server refused a command: a wrong password, a missing permission, no memory; `cause` is the error of the client. */
export class RedisRefusedError extends Error {
  override readonly name = 'RedisRefusedError'
  constructor(
    where: string,
    /** The first word of the server: `WRONGPASS`, `NOPERM`, `OOM`. */
    readonly code: string,
    cause: unknown,
  ) {
    super(`${where}: ${headOf(cause)}`, { cause })
  }
}

/** The server has been away for the time of `patience`; `cause` is the last error of the client, where there was one. */
export class RedisAwayError extends Error {
  override readonly name = 'RedisAwayError'
  constructor(
    where: string,
    readonly patience: number,
    cause: unknown,
  ) {
    super(`${where}: the server was away for ${patience} ms: ${headOf(cause)}`, { cause })
  }
}

/** The client was closed by its owner, or has given its connection up; `cause` is the error of the client. */
export class RedisClosedError extends Error {
  override readonly name = 'RedisClosedError'
  constructor(where: string, cause: unknown) {
    super(`${where}: the client is closed`, { cause })
  }
}

/** The server is too old. */
export class RedisVersionError extends Error {
  override readonly name = 'RedisVersionError'
  constructor(
    where: string,
    readonly version: string,
  ) {
    super(`${where}: the server is Redis ${version}, and 6.2 or later is needed`)
  }
}

/** The stream has as many messages as `limit` allows. */
export class RedisFullError extends Error {
  override readonly name = 'RedisFullError'
  constructor(
    where: string,
    readonly stream: string,
    readonly limit: number,
  ) {
    super(`${where}: the stream ${JSON.stringify(stream)} has ${limit} messages, which is its limit`)
  }
}

/** The message has more bytes than `maxBytes` allows. */
export class RedisTooLargeError extends Error {
  override readonly name = 'RedisTooLargeError'
  constructor(
    where: string,
    readonly bytes: number,
    readonly maxBytes: number,
  ) {
    super(`${where}: the message has ${bytes} bytes, and maxBytes is ${maxBytes}`)
  }
}
