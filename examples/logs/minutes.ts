/**
 * The table by minute. A row goes to the file when no entry of its minute can come any more, so memory does not grow with the log: of a log in
 * order of time, entries overtake each other by no more than are under way, which is less than the minutes kept open.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import type { Entry } from './entry.js'

const OPEN = 1024

interface Minute {
  requests: number
  errors: number
  visits: number
  bytes: number
}

export class Minutes {
  /** Entries whose minute had been written: the log was not in order. */
  late = 0
  private readonly _open = new Map<number, Minute>()
  private readonly _file: number
  private _written = -Infinity

  constructor(path: string) {
    this._file = openSync(path, 'w')
    writeSync(this._file, 'minute,requests,errors,visits,bytes\n')
  }

  add({ minute, status, startsVisit, bytes }: Entry): void {
    if (minute <= this._written) {
      this.late++
      return
    }
    let row = this._open.get(minute)
    if (row === undefined) this._open.set(minute, (row = { requests: 0, errors: 0, visits: 0, bytes: 0 }))
    row.requests++
    if (status >= 500) row.errors++
    if (startsVisit) row.visits++
    row.bytes += bytes
    if (this._open.size > OPEN) this._write(OPEN / 2)
  }

  /** The earliest minutes, so many. */
  private _write(count: number): void {
    const minutes = [...this._open.keys()].sort((a, b) => a - b).slice(0, count)
    let rows = ''
    for (const minute of minutes) {
      const row = this._open.get(minute) as Minute // it is open
      rows += `${new Date(minute * 60_000).toISOString().slice(0, 16)}Z,${row.requests},${row.errors},${row.visits},${row.bytes}\n`
      this._open.delete(minute)
      this._written = minute
    }
    writeSync(this._file, rows)
  }

  end(): void {
    this._write(Infinity)
    closeSync(this._file)
  }
}
