/**
 * What the runtime asks of its host (Node, Deno, Bun, a browser): the time, one timer, a turn of the event loop, and a
 * place for errors that nobody took. Nothing else in the runtime touches a global of the platform.
 */

interface HostGlobals {
  setImmediate?: (f: () => void) => unknown
  reportError?: (error: unknown) => void
  process?: {
    getBuiltinModule?: (name: string) => { setMaxListeners?: (n: number, target: object) => void } | undefined
    emitWarning?: (warning: string, options: { readonly type: string }) => void
  }
}

const host = globalThis as HostGlobals // every member is optional, so each use checks it

// The host's own, as they are when the module loads: fake timers that a test switches on later hold nothing up.
const { setTimeout, clearTimeout } = globalThis

/** ms since some start, monotonic, with fractions. */
export const now: () => number = performance.now.bind(performance)

/** That start, as Unix time in ms. */
export const { timeOrigin } = performance

/** A signal that many listen to: Node warns of a leak at the eleventh listener unless it has no limit. */
export function manyListeners(signal: AbortSignal): AbortSignal {
  host.process?.getBuiltinModule?.('node:events')?.setMaxListeners?.(0, signal)
  return signal
}

/** Calls `f` after the host has served its I/O, timers and rendering. */
export const hostTurn: (f: () => void) => void = chooseHostTurn()

function chooseHostTurn(): (f: () => void) => void {
  const { setImmediate } = host
  if (setImmediate !== undefined) return (f) => void setImmediate(f)
  if (typeof MessageChannel === 'undefined') return (f) => void setTimeout(f, 0)
  // A browser delays nested timers to 4 ms; a message to oneself arrives at the next turn.
  const { port1, port2 } = new MessageChannel()
  const waiting: (() => void)[] = []
  port1.onmessage = () => waiting.shift()?.()
  return (f) => {
    waiting.push(f)
    port2.postMessage(null)
  }
}

/**
 * Calls `f` once after `ms`; returns a function that cancels the call. Without `holdsProcess` the process may end
 * first.
 */
export function setHostTimer(f: () => void, ms: number, holdsProcess: boolean): () => void {
  const timer = setTimeout(f, ms)
  if (!holdsProcess) (timer as { unref?: () => void }).unref?.() // a timer of Node has the method, a timer of a browser is a number
  return () => clearTimeout(timer)
}

/**
 * Hands an error to the host as uncaught: an uncaught exception in Node, the `error` event elsewhere. The text that is
 * printed before says where it comes from.
 */
export function uncaught(error: unknown, text?: string): void {
  if (text !== undefined) console.warn(text)
  if (host.reportError !== undefined) host.reportError(error)
  else
    setTimeout(() => {
      throw error
    }, 0)
}

/** Prints a warning: of the process, in Node, and of the console elsewhere. */
export function warn(type: string, text: string): void {
  const { process } = host
  if (typeof process?.emitWarning === 'function') process.emitWarning(text, { type })
  else console.warn(`${type}: ${text}`)
}
