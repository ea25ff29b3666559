/** Faults of the toolkit, as edits of its sources: the random programs of an instrument must find each. */
import type { Edit } from '../../model/mutant.js'
import type { instruments } from './instruments.js'

export interface Fault {
  readonly name: string
  readonly found: keyof typeof instruments
  readonly edits: readonly Edit[]
}

const fault = (found: string, name: string, file: string, ...[find, put]: [string, string]): Fault => ({
  name,
  found,
  edits: [{ file, find, put }],
})

export const faults: readonly Fault[] = [
  fault(
    'mutex',
    'an unlock frees the lock and does not hand it on',
    'sync/mutex.ts',
    'else next.settle(this.hold())',
    'else this.isLocked = false',
  ),
  fault('mutex', 'a lock that is given up stays in the queue', 'operation/queued.ts', 'this.waiters.remove(waiter)', ''),
  fault('mutex', 'a guard gives back twice', 'sync/guard.ts', '    this.share = 0\n', ''),
  fault('keyedMutex', 'a key stays in the map', 'sync/keyed-mutex.ts', 'if (!this.isLocked) this.locked.delete(this.key)', ''),
  fault(
    'rwMutex',
    'a reader enters beside a writer',
    'sync/rw-mutex.ts',
    'return this.isWriting || this.waitingWriters.first !== null',
    'return this.waitingWriters.first !== null',
  ),
  fault(
    'rwMutex',
    'readers stay when the last waiting writer leaves',
    'sync/rw-mutex.ts',
    'if (!this.keepsReaderOut && this.waitingReaders.first !== null) queue.push(this)',
    '',
  ),
  fault('semaphore', 'a release forgets the waiters', 'sync/semaphore.ts', '    this.run()\n  }\n\n  giveBack', '  }\n\n  giveBack'),
  fault(
    'semaphore',
    'a permit too many',
    'sync/semaphore.ts',
    'return this.waiters.first === null && k <= this.size - this.held',
    'return this.waiters.first === null && k <= this.size - this.held + 1',
  ),
  fault('cond', 'a wait that is given up returns without the lock', 'sync/cond.ts', 'yield* uncancelable(cond.locker.lock()) //', '//'),
  fault(
    'once',
    'a second caller runs the function again',
    'sync/once.ts',
    'if (this._running === null && this._outcome === null) this',
    'if (this._outcome === null) this',
  ),
  fault(
    'singleflight',
    'a run goes on after its last caller',
    'sync/shared-run.ts',
    'if (--this._callers === 0) yield*',
    'if (--this._callers < 0) yield*',
  ),
  fault(
    'singleflight',
    'the last caller does not wait until the run is unwound',
    'sync/shared-run.ts',
    'yield* canceled(this._goroutine)',
    '',
  ),
  fault(
    'loadOrCompute',
    'each caller runs the function',
    'sync/sync-map.ts',
    'this._computing.get(key) ?? this._start(key, f)',
    'this._start(key, f)',
  ),
  fault(
    'waitGroup',
    'the failure is lost when its wait is given up',
    'sync/wait-group.ts',
    '    if (this._isLeft) this._reportFirst()\n  }',
    '  }',
  ),
  fault(
    'errgroup',
    'the limit is one too many',
    'groups/task-group.ts',
    'while (this.active < this.limit) {',
    'while (this.active <= this.limit) {',
  ),
  fault('errgroup', 'the failure is lost when the wait is given up', 'groups/task-group.ts', 'if (this._isLeft) this._reportUnseen()', ''),
  fault('pool', 'a drain that is given up leaves its functions', 'groups/pool.ts', 'yield* uncancelable(this._batch.stopped(cause))', ';'),
  fault(
    'mapConcurrent',
    'a job within a context leaves its child',
    'goroutine/job.ts',
    'yield* uncancelable(canceled(child, cause))',
    'child.cancel(cause)',
  ),
  fault(
    'mapConcurrent',
    'a cancel cuts short the clean-up of a job',
    'goroutine/job.ts',
    'yield* uncancelable(canceled(child, cause))',
    'yield* canceled(child, cause)',
  ),
  fault('mapConcurrent', 'the iterator stays open', 'groups/map-concurrent.ts', 'yield* uncancelable(closed(source, failure))', ';'),
  fault('withRetry', 'the attempts count from 0', 'groups/retry.ts', '{ attempts: attempt, cause', '{ attempts: attempt - 1, cause'),
  fault(
    'timers',
    'a ticker that is stopped leaves its timer',
    'time/ticker.ts',
    'if (this._entry !== null) this._timers.remove(this._entry)',
    '',
  ),
  fault('contexts', 'a context that ends leaves its timer', 'context/tree.ts', 'rare.timer.timers.remove(rare.timer)', ''),
  fault('channels', 'a sender that is given up stays parked', 'channel/operations.ts', 'this.channel.senders.remove(waiter)', ''),
]
