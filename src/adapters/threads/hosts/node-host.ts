/**
 * Threads of Node, Deno and Bun: `worker_threads`. The module of the first function is the entry of a thread, so there is no
 * file of the package that a bundler would have to emit.
 */
import { hostTime, hostTurn, queue, setHostTimer } from '../../../runtime/internal.js'
import type { Batch, Boot } from '../wire/batch.js'
import type { Port, ThreadEvents, ThreadHost } from './host.js'
import { nodeModule } from './node-modules.js'
import { typeScriptEntry } from './typescript-entry.js'

/** The entry of a thread: a file, or the text of a program. */
export interface Entry {
  readonly file: URL | string
  readonly isText: boolean
}

export class NodeHost implements ThreadHost {
  readonly now = hostTime
  readonly atTurn = hostTurn

  constructor(private readonly _entryOf: (url: string) => Entry = entryOf) {}

  get cores(): number {
    return nodeModule('node:os')?.availableParallelism() ?? 1
  }

  start(boot: Boot, events: ThreadEvents): Port {
    let port: Port = noThread
    // In the neutral context: a thread that a request starts does not keep the store of the request.
    queue.callIn(null, () => {
      try {
        port = new NodeThread(boot, this._entryOf(boot.entry), events)
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

const noThread: Port = { post() {}, terminate() {}, hold() {} }

/** The longest delay of a timer of the host: a longer delay fires at once. */
const LONGEST = 2 ** 31 - 1

class NodeThread implements Port {
  private readonly _worker
  private _hasSpoken = false

  constructor(boot: Boot, { file, isText }: Entry, events: ThreadEvents) {
    const threads = nodeModule('node:worker_threads')
    if (threads === null) throw new Error('this host has no worker_threads; threads need Node, Deno or Bun')
    this._worker = new threads.Worker(file, { eval: isText, workerData: { millrace: boot }, name: 'millrace' })
    this._worker.on('message', (batch: Batch) => {
      this._hasSpoken = true
      events.receive(batch)
    })
    this._worker.on('messageerror', (error: Error) => events.ended(error))
    this._worker.on('error', (error: unknown) => events.ended(error))
    this._worker.on('exit', (code) => events.ended(new Error(exitText(code, this._hasSpoken))))
  }

  post(batch: Batch): void {
    this._worker.postMessage(batch)
  }

  terminate(): void {
    void this._worker.terminate()
  }

  hold(holds: boolean): void {
    if (holds) this._worker.ref()
    else this._worker.unref()
  }
}

function exitText(code: number, hasSpoken: boolean): string {
  return `the thread ended with exit code ${code}${hasSpoken ? '' : ' before its module called onThreads'}`
}

function entryOf(url: string): Entry {
  const text = typeScriptEntry(url)
  return text === null ? { file: new URL(url), isText: false } : { file: text, isText: true }
}
