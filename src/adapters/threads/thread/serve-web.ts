/** The start of the server in a Web Worker, which hears from its pool what it starts with. */
import { hostTime, hostTurn, shared } from '../../../runtime/internal.js'
import { CLOSED, HELLO } from '../hosts/web-host.js'
import type { Batch, Boot, FunctionName } from '../wire/batch.js'
import { Claims } from '../wire/claims.js'
import { loadModule } from './load-module.js'
import { Server } from './server.js'

/** The parts of the global scope of a worker that are used. */
interface WorkerScope {
  postMessage(message: unknown, moves?: readonly Transferable[]): void
  addEventListener(type: 'message', listener: (event: { readonly data: Batch | Boot }) => void): void
  addEventListener(type: 'error', listener: () => void): void
  addEventListener(type: 'unhandledrejection', listener: (event: { readonly reason: unknown; preventDefault(): void }) => void): void
  close(): void
}

const scope = globalThis as unknown as WorkerScope // only in a worker is it used so

/** Starts the server of this worker, once for all copies of the package. */
export function serveWeb(): void {
  shared('millrace.threads.server.v1', () => {
    const post = (batch: Batch, moves: readonly Transferable[]): void => scope.postMessage(batch, moves)
    const load = ({ url }: FunctionName): Promise<object> => loadModule(url)
    const host = { post, load, now: hostTime, atTurn: hostTurn, isFull: () => false }
    const state: { server: Server | null } = { server: null }
    scope.addEventListener('message', ({ data }) => {
      if (Array.isArray(data)) state.server?.receive(data)
      else state.server ??= new Server(host, new Claims(data.words))
    })
    // An error ends the thread: results that are ready are not lost with it.
    scope.addEventListener('error', () => state.server?.flush())
    // A rejection that no code handles ends the thread, as in Node.
    scope.addEventListener('unhandledrejection', (event) => {
      event.preventDefault()
      reportError(event.reason)
    })
    closeAloud(() => state.server?.flush())
    scope.postMessage(HELLO)
    return state
  })
}

/** A worker that closes itself sends its results first, and tells its pool. */
function closeAloud(flush: () => void): void {
  const close = scope.close.bind(scope)
  scope.close = () => {
    flush()
    scope.postMessage(CLOSED)
    close()
  }
}
