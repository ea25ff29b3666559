/** What is said to whoever started the program: one line for each mistake, no stack. */
import { getSystemErrorMap } from 'node:util'
import { CommanderError } from 'commander'

/** A mistake on the command line. */
export class UsageError extends Error {}

/** "no such file or directory", and the like; undefined where the system did not cause it. */
export function systemReason(error: unknown): string | undefined {
  const { errno } = error as NodeJS.ErrnoException
  return errno === undefined ? undefined : (getSystemErrorMap().get(errno)?.[1] ?? `system error ${errno}`)
}

/** Says in one line what is wrong and answers the exit status; throws what is not the user's to mend. */
export function complain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2 // it has said so itself
  const reason = systemReason(error)
  if (!(error instanceof UsageError) && reason === undefined) throw error
  const { message, syscall } = error as NodeJS.ErrnoException // an error of zlib has a number and no system call
  const line = error instanceof UsageError || syscall === undefined ? message : `cannot ${syscall}: ${reason}`
  process.stderr.write(`error: ${line}\n`)
  return error instanceof UsageError ? 2 : 1
}
