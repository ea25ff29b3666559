import { lawsOf, type Law } from '../law.js'
import { cancelContext, nothingLeftBehind, noNewWork, workLearns } from './canceling.js'
import { errorsLeaveOut, errorsOfSource, errorsOfWork } from './failing.js'
import { firehose, firehoseLeaving } from './firehose.js'
import { boundedness, conservation, ordering } from './flow.js'
import { leavingInNext, pushingInNext, resubscribingInNext } from './reentrancy.js'
import { operatorSubject, type MakeOperator, type OperatorLawOptions } from './subject.js'

const records = [
  conservation,
  boundedness,
  ordering,
  workLearns,
  noNewWork,
  nothingLeftBehind,
  cancelContext,
  errorsOfSource,
  errorsOfWork,
  errorsLeaveOut,
  leavingInNext,
  pushingInNext,
  resubscribingInNext,
  firehose,
  firehoseLeaving,
]

/**
 * The laws of an operator. `make(work)` returns a new operator for each run; the operator calls `work` for each item,
 * which returns its item. An operator without work ignores the argument.
 *
 * Throws TypeError or RangeError for bad arguments.
 *
 * @example
 * ```ts
 * for (const law of laws.operator((work) => workerPool(2, work, { ordered: true }), { bound: 2 })) await law.check()
 * ```
 */
export function operatorLaws<R = number>(make: MakeOperator<R>, options: OperatorLawOptions<R>): readonly Law[] {
  return lawsOf(records, operatorSubject(make, options), options)
}
