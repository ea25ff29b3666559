/** The places of `millrace/fp-ts` that call code of users. */
import { left, right, type Either } from 'fp-ts/lib/Either.js'
import { background } from 'millrace'
import { chainPoolRTE, chainPoolTE, mapE, mapLeftE, partitionE, workerPoolRTE, workerPoolTE } from 'millrace/fp-ts'
import { collect, fromIterable } from 'millrace/operators'
import { identity, type OperatorFunction } from 'rxjs'
import { raise, type Rows } from './kinds.js'

const through = (operator: OperatorFunction<Either<number, number>, unknown>) =>
  collect(background, fromIterable([right(1), left(2), right(3)]).pipe(operator)).join()
const first = () => raise('first')
const again = { onFailure: 'restart' } as const

export const fpTs: Rows = {
  'chainPoolRTE(work)': (f) => through(chainPoolRTE(1, f)),
  'chainPoolRTE(work): its task': (f) => through(chainPoolRTE(1, () => f)),
  'chainPoolRTE({ schedule })': (f) => through(chainPoolRTE(1, first, { ...again, schedule: f })),
  'chainPoolTE(work)': (f) => through(chainPoolTE(1, f)),
  'chainPoolTE(work): its task': (f) => through(chainPoolTE(1, () => f)),
  'chainPoolTE({ schedule })': (f) => through(chainPoolTE(1, first, { ...again, schedule: f })),
  'mapE(f)': (f) => through(mapE(f)),
  'mapLeftE(f)': (f) => through(mapLeftE(f)),
  'partitionE(lefts)': (f) => through(partitionE(f, identity)),
  'partitionE(rights)': (f) => through(partitionE(identity, f)),
  'workerPoolRTE(work)': (f) => through(workerPoolRTE(1, f)),
  'workerPoolRTE(work): its task': (f) => through(workerPoolRTE(1, () => () => f)),
  'workerPoolRTE({ schedule })': (f) => through(workerPoolRTE(1, first, { ...again, schedule: f })),
  'workerPoolTE(work)': (f) => through(workerPoolTE(1, f)),
  'workerPoolTE(work): its task': (f) => through(workerPoolTE(1, () => f)),
  'workerPoolTE({ schedule })': (f) => through(workerPoolTE(1, first, { ...again, schedule: f })),
}
