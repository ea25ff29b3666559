/**
 * The deadlock report: the process ends while main still waits. Go's counterpart is `checkdead` of `runtime/proc.go`.
 *
 * Node emits `exit` when its event loop has nothing left to do, after the listeners of `beforeExit` had their chance to
 * add work. If main still waits at that moment, nothing can wake it. `beforeExit` itself would be too early: a later
 * listener may add work. `process.exit()` and an uncaught exception emit `exit` as well, in Node and Bun; the stack tells
 * them apart, and in Bun an uncaught exception by the missing `beforeExit`.
 *
 * A single kind of wait needs no other party in the process: main waits for the end of one of its contexts and for
 * nothing else (`yield* ctx.done()`), that is, for a signal. That wait holds the process, as in Go, where a program
 * that listens for signals is never reported. `within(ctx)` and a select with `ctx.done()` do not hold the process:
 * there the context is only the way out of another wait, and that wait is reported.
 */
import { MAX_DELAY } from './delay.js'
import type { Context } from '../../runtime/index.js'
import {
  AsyncPerformer,
  findProbe,
  programDump,
  Tracker,
  type GoroutineTable,
  type Operation,
  type Spawned,
  type WaitQueue,
} from '../../runtime/internal.js'

/**
 * Watches for a deadlock until the returned function is called. `contexts` are the contexts that end when a signal
 * arrives.
 */
export function watchForDeadlock(main: Spawned, contexts: readonly Context[], table: GoroutineTable | null): () => void {
  let holder: NodeJS.Timeout | undefined
  let wasIdle = false

  const beforeExit = (): void => {
    const awaited = contexts.find((ctx) => isAwaited(ctx, main))
    wasIdle = awaited === undefined
    if (awaited === undefined) return
    holder = setInterval(() => {}, MAX_DELAY)
    awaited.signal.addEventListener('abort', () => clearInterval(holder), { once: true })
  }
  const exit = (): void => {
    if (!wasIdle || !isIdleExit()) return
    process.exitCode = 2
    process.stderr.write(`fatal error: all goroutines are asleep - deadlock!\n\n${programDump(main, fullest(table))}`)
  }
  process.on('beforeExit', beforeExit)
  process.on('exit', exit)
  return () => {
    process.off('beforeExit', beforeExit)
    process.off('exit', exit)
    clearInterval(holder)
  }
}

/** A tracker that knows all goroutines that the table knows, as that of `dumpOnSignal`, also knows the places of their starts. */
function fullest(table: GoroutineTable | null): GoroutineTable | null {
  const tracker = findProbe((probe) => probe instanceof Tracker)
  return tracker !== null && tracker.size >= (table?.size ?? 0) ? tracker : table
}

/**
 * True when main waits for the end of this context and nothing else. For an async main: when some async function waits
 * that way.
 */
function isAwaited(ctx: Context, main: Spawned): boolean {
  const { waiters } = ctx.done() as Operation<void> & { readonly waiters: WaitQueue } // as `withCancel` makes it
  const mayBeMain = (waiter: unknown): boolean => waiter === main || (!main.isGenerator && waiter instanceof AsyncPerformer)
  return [...waiters].some(mayBeMain)
}

/**
 * True when the host emits `exit` because nothing is left to do: then no frame of the code that ends a process is on the
 * stack.
 */
function isIdleExit(): boolean {
  const { stackTraceLimit } = Error
  const prepare: unknown = Reflect.get(Error, 'prepareStackTrace')
  Error.stackTraceLimit = Infinity
  Error.prepareStackTrace = (_error, sites) => sites.some(endsProcess)
  const isEnding = new Error().stack as unknown as boolean // by the `prepareStackTrace` set above
  Reflect.set(Error, 'prepareStackTrace', prepare)
  Error.stackTraceLimit = stackTraceLimit
  return !isEnding
}

/** The call of `process.exit` in Node, Deno and Bun, and in Node an uncaught exception. */
function endsProcess(site: NodeJS.CallSite): boolean {
  const file = site.getFileName() ?? ''
  return (
    file.startsWith('node:internal/process/') || (['node:process', '[native code]'].includes(file) && site.getFunctionName() === 'exit')
  )
}
