/**
 * The second index, for the floors above: the parts that operators, adapters and the test kit are built of. It is
 * private to the package; the public surface is in `index.ts`.
 */

// base, interfaces
export {
  checkCount,
  checkFlag,
  checkFunction,
  checkInterval,
  checkMethod,
  checkOneOf,
  checkOptions,
  checkRecord,
  checkWhole,
  checkTime,
  mistyped,
  outOfRange,
  show,
} from './base/arguments.js'
export type { AsyncScope } from './base/async-scope.js'
export { causeOfThrown, chainOf, headOf, isInstance, readable } from './base/errors.js'
export type { Clock } from './base/clock.js'
export { isGenerator, isGeneratorFunction, isThenable } from './base/guards.js'
export { Hooks } from './base/hooks.js'
export { hostTurn, warn, now as hostTime, setHostTimer, uncaught } from './base/host.js'
export { left, none, right, some } from './base/option.js'
export { Random } from './base/random.js'
export { Ring } from './base/ring.js'
export { installObservable } from './base/rxjs-interop.js'
export { shared } from './base/shared.js'
export { causeOf, checkContext, isContext } from './interfaces/context.js'
export { isEcho } from './interfaces/echo.js'
export { isJob } from './interfaces/job.js'
export type { YieldStar } from './interfaces/slips.js'

// scheduler
export type { Order } from './scheduler/order.js'
export { findProbe, joinProbe, replaceProbe, swapProbe } from './scheduler/probe.js'
export { registered } from './scheduler/registered.js'
export { queue, type Runnable, type TakenOver } from './scheduler/run-queue.js'
export { time, Timers, type Alarm, type Entry as TimerEntry } from './scheduler/timers.js'

// operation
export { AsyncPerformer } from './operation/await.js'
export { checkOperation, isOperation, Operation } from './operation/operation.js'
export { CallbackPerformer } from './operation/perform.js'
export { isWaiting } from './operation/performer.js'
export { QueuedOperation } from './operation/queued.js'
export type { Resource } from './operation/resource.js'
export { PENDING, WaitQueue, Waiter, type Pending } from './operation/waiter.js'

// channel, goroutine
export { Channel } from './channel/channel.js'
export { ChannelIterator } from './channel/iterator.js'
export { CLOSED, Receive, Receiving } from './channel/operations.js'
export { ObservableReceiver } from './channel/subscription.js'
export { performed, Work } from './goroutine/job.js'
export { crash, expectFailures, failedAfterCancel, failedLate, keepFailuresApart, showPlaces, takeCrashed } from './goroutine/crash.js'
export { spawn } from './goroutine/goroutine.js'
export type { Failure, Owner } from './goroutine/owner.js'
export { Task, Task as Spawned } from './goroutine/task.js'

// context, time, groups
export { portableKeys } from './context/portable-keys.js'
export { CancelableContext } from './context/tree.js'
export { QueuedTimer } from './time/queued-timer.js'
export { ConcurrencyLimit, type AdaptiveLimit } from './groups/concurrency-limit.js'
export { retryAfter } from './groups/retry.js'

// diagnostics
export { dumpOf, dumpText, heldText, programDump, ringText, type Dump, type GoroutineState, type LockHolder } from './diagnostics/dump.js'
export { elsewhere } from './diagnostics/elsewhere.js'
export { wakersOf } from './diagnostics/wait-graph.js'
export { GoroutineTable, oncePerDrain } from './diagnostics/goroutine-table.js'
export { goroutineName, Names } from './diagnostics/names.js'
export { captureOrigin, captureStack, placeOf, type Origin } from './diagnostics/start-place.js'
export { Tracker } from './diagnostics/tracker.js'
