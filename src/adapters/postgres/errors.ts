/** Failures of the way to PostgreSQL, each with the thing that is missing and the call that makes it. */
import { headOf } from '../../runtime/internal.js'
import { textIn } from '../broker/internal.js'

/** The head of an error. The client gives each error of the server the name `error`, which is left out. */
export function reasonOf(cause: unknown): string {
  return textIn(cause, 'name') === 'error' ? textIn(cause, 'message') : headOf(cause)
}

/** A table, a function or a topic is not there, or the topic is of the other kind. */
export class PostgresSetupError extends Error {
  override readonly name = 'PostgresSetupError'
  constructor(where: string, problem: string, cause?: unknown) {
    super(`${where}: ${problem}`, cause === undefined ? undefined : { cause })
  }
}

/** The server refused a statement; `cause` is the error of the client. */
export class PostgresRefusedError extends Error {
  override readonly name = 'PostgresRefusedError'
  constructor(
    where: string,
    /** SQLSTATE, or the code of the host. */
    readonly code: string,
    cause: unknown,
  ) {
    super(`${where}: ${reasonOf(cause)}`, { cause })
  }
}

/** The server has been away for the time of `patience`; `cause` is the last error of the client. */
export class PostgresAwayError extends Error {
  override readonly name = 'PostgresAwayError'
  constructor(
    where: string,
    readonly patience: number,
    cause: unknown,
  ) {
    super(`${where}: the server was away for ${patience} ms: ${reasonOf(cause)}`, { cause })
  }
}

/** The server is too old. */
export class PostgresVersionError extends Error {
  override readonly name = 'PostgresVersionError'
  constructor(
    where: string,
    readonly version: string,
  ) {
    super(`${where}: the server is PostgreSQL ${version}, and 12 or later is needed`)
  }
}
