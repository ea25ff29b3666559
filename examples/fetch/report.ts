/** What the run says: JSON lines to a file or stdout; progress and the summary to stderr. */
import { appendFileSync, closeSync, openSync } from 'node:fs'
import { UsageError, systemReason } from './errors.js'
import type { Page } from './page.js'
import { type Progress, showProgress } from './progress.js'
import { Tally } from './tally.js'

const FIELDS: (keyof Page)[] = ['url', 'status', 'bytes', 'ms', 'error', 'title', 'sha256']

export class Report {
  readonly #tally: Tally
  readonly #progress: Progress
  readonly #file: number | undefined

  /** `out`: where the JSON lines go; stdout where it is missing. `total`: how many URLs there are, if that is known. */
  constructor(out: string | undefined, total: number | undefined) {
    this.#file = out === undefined ? undefined : openForWriting(out)
    this.#tally = new Tally(total)
    this.#progress = showProgress(this.#tally)
  }

  // Written at once, and not by way of a stage of the pipeline: a page that has been fetched is on disk, however the run ends.
  page(page: Page): void {
    const line = `${JSON.stringify(page, FIELDS)}\n`
    if (this.#file === undefined) this.#progress.print(line)
    else appendFileSync(this.#file, line)
    this.#tally.add(page)
    this.#progress.update()
  }

  end(cutShort?: string): void {
    this.#progress.stop()
    process.stderr.write(`${cutShort === undefined ? '' : `${cutShort}\n`}${this.#tally.summary()}\n`)
  }

  [Symbol.dispose](): void {
    this.#progress.stop()
    if (this.#file !== undefined) closeSync(this.#file)
  }
}

function openForWriting(path: string): number {
  try {
    return openSync(path, 'w')
  } catch (error) {
    throw new UsageError(`cannot write '${path}': ${systemReason(error)}. Expected a file for the results.`)
  }
}
