/**
 * Threads of a page: Web Workers. The module of the first function is the entry of a worker, so there is no file of the package
 * that a bundler would have to emit.
 *
 *     Worker ──evaluates the module, onThreads serves──▶ HELLO ──▶ boot ──▶ READY ──▶ batches …
 *                 └──fails before HELLO: the module cannot run in a thread
 *
 * A worker says nothing of its end, and goes on after an error. So the pool ends it at its first error, and a worker that closes
 * itself says so.
 */
import { hostTime, hostTurn, queue, setHostTimer, warn } from '../../../runtime/internal.js'
import type { Batch, Boot } from '../wire/batch.js'
import { areShared } from '../wire/words.js'
import type { Port, ThreadEvents, ThreadHost } from './host.js'
import { nodeModule } from './node-modules.js'

/** The name of the workers of a pool, by which their code knows that it runs in one. */
export const NAME = 'millrace'
/** A thread serves. */
export const HELLO = 'millrace: hello'
/** A thread has closed itself. */
export const CLOSED = 'millrace: closed'

/** True where workers are those of the web, and Node's modules are missing. */
export function isWeb(): boolean {
  return typeof Worker === 'function' && nodeModule('node:worker_threads') === null
}

/** True in a worker of a pool. A page may have a window with that name. */
export function isWebThread(): boolean {
  const { name, document } = globalThis as { readonly name?: unknown; readonly document?: unknown } // a host may lack both
  return name === NAME && document === undefined && isWeb()
}

/** The longest delay of a timer of the host: a longer delay fires at once. */
const LONGEST = 2 ** 31 - 1

export class WebHost implements ThreadHost {
  readonly now = hostTime
  readonly atTurn = hostTurn
  readonly isElsewhere = true
  readonly onEmpty = null
  readonly sharesMemory = typeof SharedArrayBuffer === 'function'
  private _hasWarned = false

  get cores(): number {
    return navigator.hardwareConcurrency
  }

  start(boot: Boot, events: ThreadEvents): Port {
    this._warnOnce(boot)
    let port: Port = noThread
    queue.callIn(null, () => {
      try {
        port = new WebThread(boot, events)
      } catch (error) {
        hostTurn(() => events.ended(error)) // the host refuses to start a worker at all
      }
    })
    return port
  }

  private _warnOnce({ words }: Boot): void {
    if (this._hasWarned || areShared(words)) return
    this._hasWarned = true
    warn(
      'ThreadsWarning',
      'millrace/threads shares no memory with its threads, because this page is not cross-origin isolated: a loop sees no cancel, a thread ' +
        'has one job ahead, and a lost thread fails all jobs that it has. Serve the page with the headers ' +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
    )
  }

  timer(ms: number, f: () => void): () => void {
    return ms === Infinity ? () => {} : setHostTimer(f, Math.min(ms, LONGEST), false)
  }

  soon(f: () => void): void {
    queueMicrotask(f)
  }
}

const noThread: Port = { post() {}, terminate() {}, hold() {} }

class WebThread implements Port {
  private readonly _worker: Worker
  private _hasSpoken = false
  private _hasEnded = false

  constructor(
    private readonly _boot: Boot,
    private readonly _events: ThreadEvents,
  ) {
    checkMemory(_boot)
    checkEntry(_boot)
    if (_boot.isServer) throw new Error('threadsOf serves Node, Deno and Bun; in a page, call onThreads in the module itself')
    this._worker = new Worker(_boot.entry, { type: 'module', name: NAME })
    this._worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => this._arrived(data))
    this._worker.addEventListener('messageerror', () => this._end(new Error('a message of the thread cannot be read')))
    this._worker.addEventListener('error', (event) => {
      event.preventDefault() // a job, or the pool, has the error
      this._end(new Error(this._textOf(event)))
    })
  }

  private _arrived(data: unknown): void {
    if (this._hasEnded) return
    if (data === HELLO) {
      this._hasSpoken = true
      this._worker.postMessage(this._boot)
    } else if (data === CLOSED) this._end(new Error('the thread has closed itself'))
    else if (Array.isArray(data)) this._events.receive(data as Batch) // all else is a message of other code in the worker
  }

  /** A worker whose script cannot be loaded gives no message. */
  private _textOf({ message = '', filename = '', lineno = 0 }: Partial<ErrorEvent>): string {
    const text = message === '' ? `${this._boot.entry} could not be loaded as a module` : `${message} (${filename}:${lineno})`
    return this._hasSpoken ? text : `${text}${CURE}`
  }

  private _end(cause: unknown): void {
    if (this._hasEnded) return
    this._hasEnded = true
    this._worker.terminate()
    hostTurn(() => this._events.ended(cause))
  }

  post(batch: Batch, moves: readonly Transferable[]): void {
    this._worker.postMessage(batch, [...moves])
  }

  terminate(): void {
    this._end(new Error('terminated'))
  }

  hold(): void {}
}

const CURE =
  '. A thread evaluates the module of its functions, which must not be part of the bundle of the page. Make it a file of its own: ' +
  "import it by import('./work.js'), or use the plugin threads() of millrace/vite"

/** Some bundlers put the path of the source in the place of import.meta.url, which no page can load. */
function checkEntry({ entry }: Boot): void {
  if (!entry.startsWith('file:') || location.protocol === 'file:') return
  throw new Error(
    `${entry} is no address that a page can load: the bundler has put the path of the source in the place of import.meta.url. For webpack and ` +
      'Rspack set module.parser.javascript.importMeta to false and experiments.outputModule to true',
  )
}

/** A limit that the host ignores is refused. */
function checkMemory({ memory, recycleAt }: Boot): void {
  if (memory !== null) throw new Error(`threadPool({ memory: ${memory} }): a browser limits no memory of a thread; leave memory out`)
  if (recycleAt !== null)
    throw new Error(`threadPool({ recycle: { memory: ${recycleAt} } }): a browser measures no memory of a thread; use recycle: { jobs }`)
}
