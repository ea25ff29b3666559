/** Where the URLs come from. Files are read as they are needed: a list of millions takes no more memory than a short one. */
import { createReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { UsageError, systemReason } from './errors.js'

/** Throws a UsageError where a source is neither a URL nor a file that can be read. */
export async function checkSources(sources: readonly string[]): Promise<void> {
  for (const source of sources) {
    const wrong = isUrl(source) || source === '-' ? undefined : await whyUnreadable(source)
    if (wrong) throw new UsageError(`cannot read '${source}': ${wrong}. Expected an http(s) URL, a file of URLs, or - for stdin.`)
  }
}

/** One URL after the other; in a file one a line, without blank lines and those that begin with #. */
export async function* readUrls(sources: readonly string[]): AsyncGenerator<string, void> {
  for (const source of sources) {
    if (isUrl(source)) yield source
    else yield* urlsIn(source === '-' ? process.stdin : createReadStream(source))
  }
}

/** How many URLs there are, from a first pass over the files; undefined with stdin, which can be read only once, or when `stop` came first. */
export async function countUrls(sources: readonly string[], stop: AbortSignal): Promise<number | undefined> {
  if (sources.includes('-')) return undefined
  let count = 0
  for await (const _ of readUrls(sources)) {
    if (stop.aborted) return undefined
    count++
  }
  return count
}

async function* urlsIn(input: NodeJS.ReadableStream): AsyncGenerator<string, void> {
  for await (const line of linesOf(input.setEncoding('utf8') as AsyncIterable<string>)) {
    const url = line.trim()
    if (url && !url.startsWith('#')) yield url
  }
}

// Not readline: it does not hand on an error of its input.
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string, void> {
  let begun = ''
  for await (const chunk of chunks) {
    const lines = (begun + chunk).split('\n')
    begun = lines.pop() ?? ''
    yield* lines
  }
  yield begun
}

function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source)
}

async function whyUnreadable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK)
    return (await stat(path)).isFile() ? undefined : 'not a regular file'
  } catch (error) {
    return systemReason(error)
  }
}
