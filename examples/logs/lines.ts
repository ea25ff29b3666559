/** The lines of gzipped files, read as they are needed, in batches: one step of the event loop for some hundred lines. */
import { createReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { pipeline } from 'node:stream'
import { UsageError, systemReason } from '../fetch/errors.js'

/** A file that is no gzip, or ends too soon. */
export class BrokenFileError extends Error {}

/** Bytes of all files as they are on disk. Throws a UsageError where one cannot be read. */
export async function sizeOf(files: readonly string[]): Promise<number> {
  let total = 0
  for (const file of files) {
    try {
      await access(file, constants.R_OK)
      const { size } = await stat(file).then((found) => (found.isFile() ? found : Promise.reject(new Error('not a regular file'))))
      total += size
    } catch (error) {
      const why = systemReason(error) ?? (error as Error).message
      throw new UsageError(`cannot read '${file}': ${why}. Expected a gzipped access log.`)
    }
  }
  return total
}

/** `onRead` is told of bytes as they are read from disk. */
export async function* linesOf(files: readonly string[], onRead: (bytes: number) => void): AsyncGenerator<readonly string[], void> {
  for (const file of files) {
    let begun = ''
    for await (const chunk of textOf(file, onRead)) {
      const lines = (begun + chunk).split('\n')
      begun = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
    if (begun !== '') yield [begun]
  }
}

async function* textOf(file: string, onRead: (bytes: number) => void): AsyncGenerator<string, void> {
  const text = createGunzip()
  const compressed = createReadStream(file)
  compressed.on('data', (chunk) => onRead(chunk.length))
  pipeline(compressed, text, () => {}) // an error of either is thrown by the loop
  try {
    yield* text.setEncoding('utf8') as AsyncIterable<string>
  } catch (error) {
    if (!/^Z_/.test((error as NodeJS.ErrnoException).code ?? '')) throw error
    throw new BrokenFileError(`cannot read '${file}': ${(error as Error).message}`)
  }
}
