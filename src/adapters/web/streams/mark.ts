import { mistyped, outOfRange } from '../../../runtime/internal.js'

/** A `highWaterMark`: a number from 0 up, Infinity too. */
export function checkMark(where: string, mark: number): void {
  if (typeof mark !== 'number') throw mistyped(where, 'a number from 0 up', mark)
  if (!(mark >= 0)) throw outOfRange(where, 'a number from 0 up', mark)
}
