import { checkOptions, checkTime } from '../../../runtime/internal.js'
import { Inbox, type EventReceiver } from './inbox.js'

interface Host {
  readonly requestAnimationFrame?: (callback: (time: number) => void) => number
  readonly cancelAnimationFrame?: (id: number) => void
  readonly requestIdleCallback?: (callback: (deadline: IdleDeadline) => void, options?: IdleRequestOptions) => number
  readonly cancelIdleCallback?: (id: number) => void
}

const LATEST = { capacity: 1, policy: 'drop-oldest' } as const

/**
 * A ticker of the frames of the page: each value is the time of the frame, in ms as `performance.now()`. A slow receiver
 * loses frames and receives the latest. `cancel` and `using` end it. Throws an Error where the host has no
 * `requestAnimationFrame`. Source: the HTML Standard of WHATWG.
 *
 * @example
 * ```ts
 * function* draw() {
 *   using frames = frameTicker()
 *   for (const it = range(frames); yield* it.next(); ) console.log(it.value)
 * }
 * ```
 */
export function frameTicker(): EventReceiver<number> {
  const { requestAnimationFrame, cancelAnimationFrame } = globalThis as Host // a page has both
  if (requestAnimationFrame === undefined || cancelAnimationFrame === undefined) throw missing('frameTicker', 'requestAnimationFrame')
  return ticking<number>(
    'frameTicker',
    (tick) => requestAnimationFrame(tick),
    (id) => cancelAnimationFrame(id),
  )
}

/** Options of `idleTicker`. */
export interface IdleTickerOptions {
  /** ms after which a tick comes although the host is busy. Default: never. */
  readonly timeout?: number
}

/**
 * A ticker of the idle periods of the page: each value says by `timeRemaining()` how long the period lasts. A slow receiver
 * loses periods and receives the latest. `cancel` and `using` end it. Throws an Error where the host has no
 * `requestIdleCallback`. Source: `requestIdleCallback` of the W3C.
 *
 * @example
 * ```ts
 * function* index() {
 *   using idle = idleTicker({ timeout: 1000 })
 *   for (const it = range(idle); yield* it.next(); ) console.log(it.value.timeRemaining())
 * }
 * ```
 */
export function idleTicker(options: IdleTickerOptions = {}): EventReceiver<IdleDeadline> {
  checkOptions('idleTicker(options)', options, ['timeout'])
  if (options.timeout !== undefined) checkTime('idleTicker({ timeout })', options.timeout)
  const { requestIdleCallback, cancelIdleCallback } = globalThis as Host // most pages have both
  if (requestIdleCallback === undefined || cancelIdleCallback === undefined) throw missing('idleTicker', 'requestIdleCallback')
  return ticking<IdleDeadline>(
    'idleTicker',
    (tick) => requestIdleCallback(tick, options),
    (id) => cancelIdleCallback(id),
  )
}

function missing(name: string, host: string): Error {
  return new Error(`${name}: this host has no ${host}; use ticker(ms) of millrace`)
}

/** Asks for a tick after each tick, until the inbox is closed. */
function ticking<T>(name: string, request: (tick: (value: T) => void) => number, cancel: (id: number) => void): Inbox<T> {
  const inbox = new Inbox<T>(name, LATEST)
  const tick = (value: T): void => {
    if (inbox.arrive(value)) id = request(tick)
  }
  let id = request(tick)
  return inbox.onClose(() => cancel(id))
}
