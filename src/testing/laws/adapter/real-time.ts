/** Waits of real time, for laws over streams and sockets of the host. */

/** Lets the host go on for `ms`. */
export function pause(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits until the fact holds; throws where it does not within `longest` ms. */
export async function eventually(longest: number, fact: () => boolean, otherwise: () => string): Promise<void> {
  const end = Date.now() + longest
  while (!fact()) {
    if (Date.now() > end) throw new Error(`${otherwise()}, ${longest} ms later`)
    await pause(1)
  }
}

/** Throws where a wait does not end within `longest` ms. */
export async function inTime<T>(longest: number, wait: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no end within ${longest} ms`)), longest)
  })
  try {
    return await Promise.race([wait, late])
  } finally {
    clearTimeout(timer)
  }
}

interface Listening {
  on?(event: string, listener: (reason: unknown) => void): unknown
  off?(event: string, listener: (reason: unknown) => void): unknown
}

/** The rejections and exceptions that no code handles, from now until `end`. */
export function watchUnhandled(): { readonly reasons: readonly unknown[]; end(): void } {
  const reasons: unknown[] = []
  const { process } = globalThis as { process?: Listening } // Node, Deno and Bun have it
  const note = (reason: unknown): void => void reasons.push(reason)
  const noteEvent = (event: Event): void => {
    const seen = event as { readonly reason?: unknown; readonly error?: unknown } // the one or the other
    reasons.push(seen.reason ?? seen.error)
  }
  if (process === undefined) for (const type of EVENTS_OF_PAGES) globalThis.addEventListener(type, noteEvent)
  else for (const name of EVENTS_OF_PROCESSES) process.on?.(name, note)
  return {
    reasons,
    end() {
      for (const type of EVENTS_OF_PAGES) globalThis.removeEventListener?.(type, noteEvent)
      for (const name of EVENTS_OF_PROCESSES) process?.off?.(name, note)
    },
  }
}

const EVENTS_OF_PAGES = ['unhandledrejection', 'error']
const EVENTS_OF_PROCESSES = ['unhandledRejection', 'uncaughtException']
