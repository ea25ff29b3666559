/**
 * A child process: its input as a sender, its output as receivers, its exit as an operation.
 *
 *     running ──exits──▶ open: other processes have its output ──closed, or the grace is over──▶ ended
 *        └─ctx ends, terminate()─▶ SIGTERM ──grace──▶ SIGKILL, output closed ──▶ ended
 *
 * Always true: input and output that nobody asked for are closed and read away, at the latest when `exit()` is
 * performed, so a child does not wait for this process.
 */
import { spawn as spawnProcess, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { afterFunc, background, CanceledError, type Context, type Op } from '../../../runtime/index.js'
import {
  causeOf,
  checkContext,
  checkOptions,
  checkRecord,
  checkTime,
  mistyped,
  PENDING,
  QueuedOperation,
  WaitQueue,
  type Pending,
} from '../../../runtime/internal.js'
import { MAX_DELAY } from '../delay.js'
import { receiverOf, type StreamReceiver } from '../streams/receiver-of.js'
import { senderOf, type StreamSender } from '../streams/sender-of.js'
import { destroyQuietly } from '../streams/stream-end.js'

/** Options of `command`. */
export interface CommandOptions {
  /** Its end terminates the process; `exit()` then throws the cause. Default: `background`. */
  readonly ctx?: Context
  /**
   * ms between SIGTERM and SIGKILL; Infinity for no SIGKILL. After that time the output is closed, too, where processes
   * that the child has started keep it open. Default 5000.
   */
  readonly grace?: number
  /** The folder in which the process runs; default: that of this process. */
  readonly cwd?: string
  /** The environment of the process; default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** A child process. `await using` terminates it and waits for its end. */
export interface Command extends AsyncDisposable {
  /** The id of the process; undefined where it could not be started. */
  readonly pid: number | undefined
  /** The input of the process. `close()` is the end of the input. */
  readonly stdin: StreamSender<string | Uint8Array>
  /** The output of the process. */
  readonly stdout: StreamReceiver<Uint8Array>
  /** The error output of the process. Its last 4 kB are in an ExitError, whether it is received or not. */
  readonly stderr: StreamReceiver<Uint8Array>
  /**
   * Waits until the process has exited and its output is closed; for output that nobody asked for, or of a process that
   * was terminated, at most `grace` ms, since processes that the child has started may keep it open. Throws ExitError
   * for a status other than 0 and for a signal; the error of Node where the process could not be started (ENOENT); the
   * cause of the context where its end terminated the process. Output that was not asked for is read away, and such an
   * input closed: `stdin` and `stdout` throw when they are asked for later.
   */
  exit(): Op<void>
  /** Sends SIGTERM, and SIGKILL after the grace. Changes nothing once the process has ended. */
  terminate(): void
}

/** A process that exited with a status other than 0, or by a signal. */
export class ExitError extends Error {
  override readonly name = 'ExitError'
  constructor(
    readonly command: string,
    /** The exit status; null where a signal ended the process. */
    readonly code: number | null,
    readonly signal: string | null,
    /** The last 4 kB of the error output. */
    readonly stderr: string,
  ) {
    const how = signal === null ? `exited with status ${code}` : `was ended by ${signal}`
    super(`${command} ${how}${stderr === '' ? '' : `: ${stderr.trimEnd()}`}`)
  }
}

/**
 * Starts a child process, without a shell. Its input is a sender and its output receivers, with backpressure both ways:
 * a child whose output is not received waits. The process is terminated when `ctx` ends, by `terminate()` and by `await
 * using`: with SIGTERM, and with SIGKILL after the grace. Processes that the child has started itself receive no
 * signal.
 *
 * Throws TypeError for arguments of the wrong type. Source: Go's `exec.CommandContext`.
 *
 * @example
 * ```ts
 * const sort = command('sort', ['-r'])
 * yield* sort.stdin.send('a\nb\n')
 * sort.stdin.close()
 * for (const it = range(sort.stdout); yield* it.next(); ) console.log(String(Buffer.from(it.value)).split('\n').join(' '))
 * yield* sort.exit()
 * ```
 */
export function command(file: string, args: readonly string[] = [], options: CommandOptions = {}): Command {
  if (typeof file !== 'string' || file === '') throw mistyped('command(file)', 'the name or path of a program', file)
  if (!Array.isArray(args)) throw mistyped('command(file, args)', 'an array of strings', args)
  checkOptions('command(file, args, options)', options, ['cwd', 'env', 'ctx', 'grace'])
  const { ctx = background, grace = 5000 } = options
  const { cwd = '', env = {} } = options
  if (typeof cwd !== 'string') throw mistyped('command(file, args, { cwd })', 'the path of a folder', cwd)
  checkRecord('command(file, args, { env })', 'a record', env)
  checkContext('command(file, args, { ctx })', ctx)
  checkTime('command(file, args, { grace })', grace)
  return new Child(file, args, { ...options, ctx, grace })
}

/** Bytes of the error output that an ExitError shows. */
const TAIL = 4096

type Sides = Pick<ChildProcessWithoutNullStreams, 'stdin' | 'stdout' | 'stderr'>

/** A child for which the host has no descriptor left has no streams: these fail with the error of its start. */
function sidesOf(child: ChildProcessWithoutNullStreams): Sides {
  if ((child as Partial<Sides>).stdin !== undefined) return child // its type does not know of such a child
  const sides = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() }
  child.once('error', (error) => {
    for (const side of Object.values(sides)) destroyQuietly(side, error)
  })
  return sides
}

class Child implements Command {
  readonly waiters = new WaitQueue()
  private readonly _process: ChildProcessWithoutNullStreams
  private readonly _sides: Sides
  private readonly _ctx: Context
  private readonly _grace: number
  private readonly _stopWatching: () => boolean
  private _stdin: StreamSender<string | Uint8Array> | null = null
  private _stdout: StreamReceiver<Uint8Array> | null = null
  private _stderr: StreamReceiver<Uint8Array> | null = null
  private _tail = Buffer.alloc(0)
  private _killTimer: NodeJS.Timeout | undefined
  private _outputTimer: NodeJS.Timeout | undefined
  private _isTerminated = false
  private _hasExited = false
  /** The sides that nobody had asked for are closed and read away. */
  private _isLeft = false
  private _end: { readonly error?: unknown } | null = null

  constructor(
    private readonly _file: string,
    args: readonly string[],
    { ctx, grace, cwd, env }: CommandOptions & { readonly ctx: Context; readonly grace: number },
  ) {
    this._ctx = ctx
    this._grace = grace
    const child = (this._process = spawnProcess(_file, [...args], { cwd, env: env ?? process.env, stdio: 'pipe' }))
    child.once('error', (error) => this._ended({ error }))
    const sides = (this._sides = sidesOf(child))
    child.once('exit', () => this._exited())
    child.once('close', (code, signal) => this._closed(code, signal))
    sides.stdin.on('error', () => {}) // EPIPE of a child that reads no input; a sender sees it
    sides.stderr.on('data', (chunk: Buffer) => (this._tail = Buffer.concat([this._tail, chunk]).subarray(-TAIL)))
    this._stopWatching = afterFunc(ctx, () => this.terminate())
  }

  get pid(): number | undefined {
    return this._process.pid
  }

  get stdin(): StreamSender<string | Uint8Array> {
    this._checkKept(this._stdin, 'stdin')
    return (this._stdin ??= senderOf<string | Uint8Array>(this._sides.stdin))
  }

  get stdout(): StreamReceiver<Uint8Array> {
    this._checkKept(this._stdout, 'stdout')
    return (this._stdout ??= receiverOf(this._sides.stdout))
  }

  get stderr(): StreamReceiver<Uint8Array> {
    return (this._stderr ??= receiverOf(this._sides.stderr))
  }

  get end(): { readonly error?: unknown } | null {
    return this._end
  }

  exit(): Op<void> {
    return new Exit(this)
  }

  /** Closes and reads away the sides that nobody asked for. */
  leaveUnused(): void {
    this._isLeft = true
    if (this._stdin === null) this._sides.stdin.end()
    if (this._stdout === null) this._sides.stdout.resume()
    this._limitOutput()
  }

  private _checkKept(side: object | null, name: string): void {
    if (side !== null || !this._isLeft) return
    const fate = name === 'stdin' ? 'its input is closed' : 'its output is read away'
    throw new Error(`command: exit() of ${this._file} was performed before ${name} was asked for, so ${fate}; ask for ${name} first`)
  }

  terminate(): void {
    if (this._end !== null || this._isTerminated) return
    this._isTerminated = true
    this._kill('SIGTERM')
    this._killTimer = this._afterGrace(() => {
      this._kill('SIGKILL')
      this._closeSides(true)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate()
    this._stdin?.[Symbol.dispose]()
    this._stdout?.cancel()
    this._stderr?.cancel()
    await this.exit().attempt()
  }

  /**
   * Not by `kill` of the child: after that Deno takes every exit for one by the signal, and sends no second signal. A
   * process that has exited has no id any more, and output of it may still be open.
   */
  private _kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this._process
    if (pid === undefined || this._hasExited) return
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') this._ended({ error }) // of the host
    }
  }

  private _exited(): void {
    this._hasExited = true
    this._limitOutput()
  }

  /** A process that the child has started may keep output open that nobody receives. */
  private _limitOutput(): void {
    if (this._hasExited && this._isLeft && this._end === null) this._outputTimer ??= this._afterGrace(() => this._closeSides(false))
  }

  private _closeSides(all: boolean): void {
    const cause = this._ctx.err()._tag === 'Some' ? causeOf(this._ctx) : new CanceledError()
    const { stdin, stdout, stderr } = this._sides
    if (all || this._stdin === null) destroyQuietly(stdin, cause)
    if (all || this._stdout === null) destroyQuietly(stdout, cause)
    if (all || this._stderr === null) destroyQuietly(stderr, cause)
  }

  private _afterGrace(then: () => void): NodeJS.Timeout | undefined {
    return this._grace === Infinity ? undefined : setTimeout(then, Math.min(this._grace, MAX_DELAY))
  }

  private _closed(code: number | null, signal: string | null): void {
    if (code === 0) return this._ended({})
    if (this._isTerminated && this._ctx.err()._tag === 'Some') return this._ended({ error: causeOf(this._ctx) })
    this._ended({ error: new ExitError(this._file, code, signal, this._tail.toString()) })
  }

  private _ended(end: { readonly error?: unknown }): void {
    clearTimeout(this._killTimer)
    clearTimeout(this._outputTimer)
    this._stopWatching()
    this._end ??= end
    this.waiters.settleAll(undefined)
  }
}

class Exit extends QueuedOperation<void> {
  constructor(private readonly _child: Child) {
    super()
  }
  protected get waiters(): WaitQueue {
    return this._child.waiters
  }
  poll(): void | Pending {
    const { end } = this._child
    if (end !== null) return this.finish()
    this._child.leaveUnused()
    return PENDING
  }
  override finish(): void {
    const { end } = this._child
    if (end !== null && 'error' in end) throw end.error
  }
  describe(): string {
    return 'process exit'
  }
}
