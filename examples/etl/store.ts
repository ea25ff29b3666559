/**
 * The database. Always true: the rows up to the checkpoint are in the table, each once, and no others. A batch and its checkpoint are
 * written in one transaction.
 */
import Database from '../database/index.js'
import type { EnrichedRow } from './order.js'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS orders (id INTEGER, customer INTEGER, cents INTEGER, percent INTEGER, at TEXT);
  CREATE TABLE IF NOT EXISTS rejected (line INTEGER PRIMARY KEY, reason TEXT);
  CREATE TABLE IF NOT EXISTS checkpoint (one INTEGER PRIMARY KEY, line INTEGER);
  INSERT OR IGNORE INTO checkpoint VALUES (1, 0);
`

export class Store implements Disposable {
  private readonly _db: Database.Database
  /** Writes a batch, and the checkpoint after its last row. */
  readonly save: (rows: readonly EnrichedRow[]) => void
  /** Notes a row that is no order. A row that is read again, after a restart, is noted once. */
  readonly reject: (line: number, reason: string) => void

  constructor(path: string) {
    const db = new Database(path)
    this._db = db
    db.pragma('journal_mode = WAL')
    db.pragma('synchronous = NORMAL')
    db.exec(SCHEMA)
    const insert = db.prepare('INSERT INTO orders VALUES (?, ?, ?, ?, ?)')
    const advance = db.prepare('UPDATE checkpoint SET line = ?')
    this.save = db.transaction((rows: readonly EnrichedRow[]) => {
      for (const { row, percent } of rows) insert.run(row.id, row.customer, row.cents, percent, row.at)
      advance.run(rows.at(-1)?.line)
    })
    const note = db.prepare('INSERT OR IGNORE INTO rejected VALUES (?, ?)')
    this.reject = (line, reason) => void note.run(line, reason)
  }

  /** The number of the last row that is in the table; 0 at the beginning. */
  get checkpoint(): number {
    return this._number('SELECT line FROM checkpoint')
  }

  /** Orders in the table, different ones among them, and rows that were no orders. */
  counts(): { readonly orders: number; readonly different: number; readonly rejected: number } {
    return {
      orders: this._number('SELECT count(*) FROM orders'),
      different: this._number('SELECT count(DISTINCT id) FROM orders'),
      rejected: this._number('SELECT count(*) FROM rejected'),
    }
  }

  private _number(sql: string): number {
    return this._db.prepare(sql).pluck().get() as number // each of these statements has one number as its result
  }

  [Symbol.dispose](): void {
    this._db.close()
  }
}
