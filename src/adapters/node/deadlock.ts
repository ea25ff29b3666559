/**
 * The deadlock report: the process ends while main still waits. Go's counterpart is `checkdead` of `runtime/proc.go`.
 *
 * The host emits `exit` when its loop has nothing left to do, after `beforeExit` gave everyone the chance to find something; so where main
 * still waits at that moment, nothing can wake it. `beforeExit` itself would be too soon: a listener that comes after ours may revive the
 * loop. What else emits `exit`, `process.exit()` or an uncaught exception, is told by the stack.
 *
 * One wait needs nobody in the process: main waits for the end of one of its contexts alone (`yield* ctx.done()`), which is to wait for a
 * signal. That holds the process, as it does in Go, where a program that listens for signals is never found dead. `within(ctx)` and a select
 * with `ctx.done()` hold nothing: there the context is the way out of another wait, and it is that one which is reported.
 */
import type { Context } from '../../runtime/index.js'
import { AsyncPerformer, type Operation, type Spawned, type WaitQueue } from '../../runtime/internal.js'
import { dump } from './dump.js'
import type { Roster } from './roster.js'

/** Watches until the function it answers is called. The contexts are those that end when a signal comes. */
export function watchForDeadlock(main: Spawned, contexts: readonly Context[], roster: Roster | null): () => void {
  let holder: NodeJS.Timeout | undefined

  const beforeExit = (): void => {
    const awaited = contexts.find((ctx) => isAwaited(ctx, main))
    if (awaited === undefined) return
    holder = setInterval(() => {}, 2 ** 31 - 1)
    awaited.signal.addEventListener('abort', () => clearInterval(holder), { once: true })
  }
  const exit = (): void => {
    if (!isOfTheHost()) return
    process.exitCode = 2
    process.stderr.write(report(main, roster))
  }
  process.on('beforeExit', beforeExit)
  process.on('exit', exit)
  return () => {
    process.off('beforeExit', beforeExit)
    process.off('exit', exit)
    clearInterval(holder)
  }
}

/** Main waits for the end of this context and nothing else. Of an async main it is only known that some async function waits so. */
function isAwaited(ctx: Context, main: Spawned): boolean {
  const { waiters } = ctx.done() as Operation<void> & { readonly waiters: WaitQueue } // what main was given is a context of ours
  const mayBeMain = (waiter: unknown): boolean => waiter === main || (!main.isGenerator && waiter instanceof AsyncPerformer)
  for (let waiter = waiters.first; waiter !== null; waiter = waiter.next) if (mayBeMain(waiter)) return true
  return false
}

/** True when the host itself emits `exit`, because nothing is left to do: then nothing of Node's own process code is on the stack. */
function isOfTheHost(): boolean {
  const { stackTraceLimit } = Error
  const prepare: unknown = Reflect.get(Error, 'prepareStackTrace')
  Error.stackTraceLimit = Infinity
  Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFileName() ?? '')
  const files = new Error().stack as unknown as readonly string[] // so prepared
  Reflect.set(Error, 'prepareStackTrace', prepare)
  Error.stackTraceLimit = stackTraceLimit
  return !files.some((file) => file.startsWith('node:internal/process/'))
}

function report(main: Spawned, roster: Roster | null): string {
  return `fatal error: all goroutines are asleep - deadlock!\n\n${dump(main, roster)}`
}
