/**
 * The deadlock report: the process ends while main still waits. Go's counterpart is `checkdead` of `runtime/proc.go`.
 *
 * The host emits `exit` when its loop has nothing left to do, after `beforeExit` gave everyone the chance to find something; so where main
 * still waits at that moment, nothing can wake it. `beforeExit` itself would be too soon: a listener that comes after ours may revive the
 * loop. What else emits `exit`, `process.exit()` or an uncaught exception, is told by the stack.
 *
 * One wait needs nobody in the process: main waits for the end of its context alone (`yield* ctx.done()`), which is to wait for a signal.
 * That holds the process, as it does in Go, where a program that listens for signals is never found dead. `within(ctx)` and a select with
 * `ctx.done()` hold nothing: there the context is the way out of another wait, and it is that one which is reported.
 */
import type { Context } from '../../runtime/index.js'
import { AsyncWaiter, queue, type Operation, type Spawned, type WaitQueue } from '../../runtime/kernel.js'
import type { Roster } from './roster.js'

/** Watches until the function it answers is called. */
export function watchForDeadlock(main: Spawned, ctx: Context, roster: Roster | null): () => void {
  let holder: NodeJS.Timeout | undefined

  const beforeExit = (): void => {
    if (!waitsForSignal(main, ctx)) return
    holder = setInterval(() => {}, 2 ** 31 - 1)
    ctx.signal.addEventListener('abort', () => clearInterval(holder), { once: true })
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

/** Of an async main it is only known that some async function waits so. */
function waitsForSignal(main: Spawned, ctx: Context): boolean {
  const { waiters } = ctx.done() as Operation<void> & { readonly waiters: WaitQueue } // what main was given is a context of ours
  const mayBeMain = (waiter: unknown): boolean => waiter === main || (!main.isGenerator && waiter instanceof AsyncWaiter)
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

export function report(main: Spawned, roster: Roster | null): string {
  const others = roster === null ? [] : roster.live().filter((goroutine) => goroutine !== main)
  const lines = [main, ...others].map((goroutine) => line(goroutine, roster))
  const unknown = queue.live - lines.length
  if (unknown > 0) lines.push(`and ${unknown} more that ${unknown === 1 ? 'was' : 'were'} not traced`)
  return `fatal error: all goroutines are asleep - deadlock!\n\n${lines.join('\n')}\n`
}

function line(goroutine: Spawned, roster: Roster | null): string {
  // An async function waits where it likes; what for is its own business.
  const words = goroutine.operation?.describe() ?? 'await'
  return `goroutine ${goroutine.id} [${words}${age(roster?.waited(goroutine) ?? 0)}]: ${goroutine.name}`
}

/** In whole seconds, then minutes, then hours; below a second it says nothing. (Go gives minutes alone.) */
export function age(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 1) return ''
  if (seconds < 60) return `, ${seconds} s`
  return seconds < 3600 ? `, ${Math.floor(seconds / 60)} min` : `, ${Math.floor(seconds / 3600)} h`
}
