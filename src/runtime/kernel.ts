/**
 * The door for the floors above: what operators, adapters and the test kit are built of. It is not public; what users get is in index.ts.
 */
export { Channel, CLOSED, Receiving } from './channel.js'
export type { Clock } from './clock.js'
export { crash, takeFailedUnjoined, expectFailures } from './crash.js'
export { checkCount, checkFunction, checkTime, mistyped, outOfRange, show } from './errors.js'
export { isGenerator, spawn, type Failure, type Owner, Spawned } from './goroutine.js'
export { causeOf, checkContext, checkOperation, isOperation, Operation } from './op.js'
export { installObservable } from './observable.js'
export { hostTurn } from './host.js'
export { none, some } from './option.js'
export { AsyncWaiter } from './perform.js'
export { Random } from './random.js'
export { Ring } from './ring.js'
export { queue, type Runnable } from './run-queue.js'
export { time, Timers, type Entry as TimerEntry } from './timers.js'
export { PENDING, WaitQueue, Waiter, type Pending } from './waiter.js'
