import { checkMethod } from '../../../runtime/internal.js'

/** Throws TypeError unless the value is a ReadableStream that has no reader. */
export function checkReadable(where: string, stream: ReadableStream<unknown>): void {
  checkMethod(where, 'a ReadableStream', stream, 'getReader')
  if (stream.locked) throw lockedError(where, 'reader')
}

/** Throws TypeError unless the value is a WritableStream that has no writer. */
export function checkWritable(where: string, stream: WritableStream<never>): void {
  checkMethod(where, 'a WritableStream', stream, 'getWriter')
  if (stream.locked) throw lockedError(where, 'writer')
}

function lockedError(where: string, holder: string): TypeError {
  return new TypeError(
    `${where}: the stream is locked: another ${holder} or pipe has it. Release that ${holder} first, or pass a stream of your own`,
  )
}
