/** What comes of the entries: `minutes.csv` as they are read, `top.json` at the end, however that comes. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError, systemReason } from '../fetch/errors.js'
import type { Entry } from './entry.js'
import { Minutes } from './minutes.js'
import { Top } from './top.js'

/** Different keys counted at once, of each list. */
const ROOM = 4_000

export class Tables {
  entries = 0
  malformed = 0
  private readonly _minutes: Minutes
  private readonly _top = { paths: new Top(ROOM), clients: new Top(ROOM), countries: new Top(ROOM) }
  private _first = Infinity
  private _last = -Infinity

  constructor(
    private readonly _folder: string,
    private readonly _rows: number,
  ) {
    try {
      mkdirSync(_folder, { recursive: true })
      this._minutes = new Minutes(join(_folder, 'minutes.csv'))
    } catch (error) {
      throw new UsageError(`cannot write '${_folder}': ${systemReason(error)}. Expected a folder for the results.`)
    }
  }

  add(entry: Entry): void {
    this.entries++
    this._first = Math.min(this._first, entry.minute)
    this._last = Math.max(this._last, entry.minute)
    this._minutes.add(entry)
    this._top.paths.add(entry.path)
    this._top.clients.add(entry.client)
    this._top.countries.add(entry.country)
  }

  /** `cutShort`: why they are not all. */
  end(cutShort: string | null): void {
    this._minutes.end()
    const { paths, clients, countries } = this._top
    const result = {
      complete: cutShort === null,
      ...(cutShort === null ? {} : { cutShort }),
      entries: this.entries,
      malformed: this.malformed,
      late: this._minutes.late,
      from: timeOf(this._first),
      to: timeOf(this._last),
      paths: paths.rows(this._rows),
      clients: clients.rows(this._rows),
      countries: countries.rows(this._rows),
    }
    const path = join(this._folder, 'top.json')
    writeFileSync(`${path}.part`, `${JSON.stringify(result, null, 2)}\n`)
    renameSync(`${path}.part`, path)
  }
}

function timeOf(minute: number): string | null {
  return Number.isFinite(minute) ? new Date(minute * 60_000).toISOString() : null
}
