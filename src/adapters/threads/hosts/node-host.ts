/**
 * Threads of Node, Deno and Bun: `worker_threads`. The module of the first function is the entry of a thread, so there is no
 * file of the package that a bundler would have to emit.
 */
import { hostTime, hostTurn, queue, setHostTimer } from '../../../runtime/internal.js'
import type { Batch, Boot } from '../wire/batch.js'
import type { Worker } from 'node:worker_threads'
import type { Port, ThreadEvents, ThreadHost } from './host.js'
import { onEmptyLoop } from './node-loop.js'
import { nodeModule } from './node-modules.js'
import { entryProgram } from './entry-program.js'

/** The entry of a thread: a file, or the text of a program. */
export interface Entry {
  readonly file: URL | string
  readonly isText: boolean
}

export class NodeHost implements ThreadHost {
  readonly sharesMemory = true
  readonly now = hostTime
  readonly atTurn = hostTurn
  readonly isElsewhere = true
  readonly onEmpty = onEmptyLoop

  constructor(private readonly _entryOf: (boot: Boot) => Entry = entryOf) {}

  get cores(): number {
    return nodeModule('node:os')?.availableParallelism() ?? 1
  }

  start(boot: Boot, events: ThreadEvents): Port {
    let port: Port = noThread
    // In the neutral context: a thread that a request starts does not keep the store of the request.
    queue.callIn(null, () => {
      try {
        port = new NodeThread(boot, this._entryOf(boot), events)
      } catch (error) {
        hostTurn(() => events.ended(error)) // the host refuses to start a thread at all
      }
    })
    return port
  }

  timer(ms: number, f: () => void): () => void {
    return ms === Infinity ? () => {} : setHostTimer(f, Math.min(ms, LONGEST), false)
  }

  soon(f: () => void): void {
    queueMicrotask(f)
  }
}

type NodeTransferable = Parameters<InstanceType<typeof Worker>['postMessage']>[1] extends readonly (infer One)[] | undefined ? One : never

const noThread: Port = { post() {}, terminate() {}, hold() {} }

/** The longest delay of a timer of the host: a longer delay fires at once. */
const LONGEST = 2 ** 31 - 1

class NodeThread implements Port {
  private readonly _worker
  private _hasSpoken = false
  private _failure: { readonly error: unknown } | null = null

  constructor(
    boot: Boot,
    { file, isText }: Entry,
    private readonly _events: ThreadEvents,
  ) {
    const threads = nodeModule('node:worker_threads')
    if (threads === null) throw new Error('this host has neither worker_threads nor Workers; inline() runs the functions in this thread')
    checkMemory(boot)
    const resourceLimits = boot.memory === null ? {} : { maxOldGenerationSizeMb: boot.memory }
    this._worker = new threads.Worker(file, { eval: isText, workerData: { millrace: boot }, name: 'millrace', resourceLimits })
    this._worker.on('message', (batch: Batch) => {
      this._hasSpoken = true
      _events.receive(batch)
    })
    this._worker.on('messageerror', (error: Error) => this._fail(error))
    this._worker.on('error', (error: unknown) => this._fail(error))
    this._worker.on('exit', (code) => this._ended(new Error(exitText(code, this._hasSpoken))))
  }

  /** Messages that the thread has sent before its failure arrive after the error and before the exit. */
  private _fail(error: unknown): void {
    this._failure ??= { error }
    void this._worker.terminate().then(() => this._ended(error))
  }

  private _ended(cause: unknown): void {
    this._events.ended(this._failure === null ? cause : this._failure.error)
  }

  post(batch: Batch, moves: readonly Transferable[]): void {
    this._worker.postMessage(batch, moves as readonly NodeTransferable[]) // Node has types of its own for them
  }

  terminate(): void {
    void this._worker.terminate()
  }

  hold(holds: boolean): void {
    if (holds) this._worker.ref()
    else this._worker.unref()
  }
}

/**
 * A limit that the host ignores is refused. So is one on Deno: a thread that runs out of memory while it handles a message, as all jobs
 * do, sends nothing any more, not even its end, and the job would wait forever.
 */
function checkMemory({ memory, recycleAt }: Boot): void {
  if ('Deno' in globalThis && memory !== null)
    throw new Error(`threadPool({ memory: ${memory} }): Deno does not tell that a thread is out of memory; leave memory out`)
  if (!('Bun' in globalThis)) return
  if (memory !== null) throw new Error(`threadPool({ memory: ${memory} }): Bun limits no memory of a thread; leave memory out`)
  if (recycleAt === null) return
  throw new Error(`threadPool({ recycle: { memory: ${recycleAt} } }): Bun measures no memory of a thread; use recycle: { jobs }`)
}

function exitText(code: number, hasSpoken: boolean): string {
  return `the thread ended with exit code ${code}${hasSpoken ? '' : ' before its module called onThreads'}`
}

function entryOf(boot: Boot): Entry {
  const text = entryProgram(boot)
  return text === null ? { file: new URL(boot.entry), isText: false } : { file: text, isText: true }
}
