/**
 * Changes of a file or directory as a receiver.
 *
 *     event ──▶ the path is pending ──quiet for `debounce` ms──▶ buffer ──▶ receive
 *                    └──event: waits anew, at most 10 times as long in all
 *
 * A file is watched through its directory: editors and `writeFileAtomic` put another file in its place, and a watch of
 * the file itself would stay with the old one.
 *
 * Always true: when the receiver has ended, the handle of the host is closed and no timer is pending.
 */
import { statSync, watch as watchOfHost, type FSWatcher } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Channel, checkCount, checkFlag, checkOptions, checkTime } from '../../../runtime/internal.js'
import { MAX_DELAY } from '../delay.js'
import { EventsLostError } from '../events/events-of.js'
import { ListeningReceiver, type EventReceiver } from '../events/listening-receiver.js'
import { checkPath } from './path.js'

/** A `file:` URL, as the part that is used: so the declarations do not need the types of Node. */
export interface FileUrl {
  /** The URL as text. */
  readonly href: string
}

/** A change that `watch` has seen. */
export interface WatchEvent {
  /** The path: that of the watch, and the names below it. */
  readonly path: string
  /** `rename` where an entry came, went or was replaced; `change` where only its content or its attributes changed. */
  readonly kind: 'change' | 'rename'
}

/** Options of `watch`. */
export interface WatchOptions {
  /**
   * ms without another change of a path before its event; default 50. A path that changes all the time has an event
   * after 10 times as long. 0 passes every event of the host on.
   */
  readonly debounce?: number
  /** Directories below are watched, too; default false. */
  readonly recursive?: boolean
  /** Events, and paths that are not quiet yet, that wait for a receiver; default 1024. */
  readonly capacity?: number
}

/** The longest wait for a path that is never quiet, in `debounce`. */
const PATIENCE = 10

/**
 * The changes of a file, or of the entries of a directory, as a receiver, from now on. Several changes of a path within
 * `debounce` ms are one event. A file that is replaced (an editor that saves, `writeFileAtomic`) stays watched.
 *
 * A receive waits for the next event, and may be a case of `select`. It throws the error of the host, which ends the
 * receiver, and EventsLostError where more than `capacity` paths wait; it results in none after `stop()` and `using`.
 * Each end closes the handle of the host. Throws the error of the host for a path that is not there (ENOENT), and
 * TypeError and RangeError for bad arguments. Source: `fs.watch` of Node, whose limits hold: network file systems may
 * report nothing.
 *
 * @example
 * ```ts
 * import { mkdirSync, writeFileSync } from 'node:fs'
 *
 * mkdirSync('/tmp/watched', { recursive: true })
 * using changes = watch('/tmp/watched', { debounce: 10 })
 * writeFileSync('/tmp/watched/a.txt', 'a')
 * const change = yield* changes.receive()
 * if (change._tag === 'Some') console.log(change.value.path) // /tmp/watched/a.txt
 * ```
 */
export function watch(path: string | FileUrl, options: WatchOptions = {}): EventReceiver<WatchEvent> {
  checkPath('watch(path)', path)
  checkOptions('watch(path, options)', options, ['debounce', 'recursive', 'capacity'])
  const { debounce = 50, recursive = false, capacity = 1024 } = options
  checkTime('watch(path, { debounce })', debounce)
  checkFlag('watch(path, { recursive })', recursive)
  checkCount('watch(path, { capacity })', 1, capacity)
  const target = typeof path === 'string' ? path : fileURLToPath(path.href)
  return new ListeningReceiver<WatchEvent>(new Channel<WatchEvent>(capacity, null), (receiver) => {
    const changes = new Changes(receiver, Math.max(0, debounce), capacity)
    const watcher = watcherOf(target, recursive, changes)
    return () => {
      watcher.close()
      changes.clear()
    }
  })
}

/** The watch of a directory, or of a file by its directory. */
function watcherOf(target: string, recursive: boolean, changes: Changes): FSWatcher {
  const file = statSync(target).isDirectory() ? null : basename(target)
  const watcher = watchOfHost(file === null ? target : dirname(target), { recursive: recursive && file === null })
  watcher.on('change', (kind, name) => {
    const named = name === null ? null : String(name)
    if (file !== null && named !== null && named !== file) return
    changes.seen(file !== null || named === null ? target : join(target, named), kind === 'rename' ? kind : 'change')
  })
  watcher.on('error', (cause) => changes.failed(cause))
  return watcher
}

interface Pending {
  readonly kind: WatchEvent['kind']
  readonly since: number
  readonly timer: ReturnType<typeof setTimeout>
}

/** The paths that have changed and are not quiet yet. */
class Changes {
  private readonly _pending = new Map<string, Pending>()

  constructor(
    private readonly _receiver: ListeningReceiver<WatchEvent>,
    private readonly _debounce: number,
    private readonly _capacity: number,
  ) {}

  seen(path: string, kind: WatchEvent['kind']): void {
    if (this._debounce === 0) return this._pass({ path, kind })
    const before = this._pending.get(path)
    clearTimeout(before?.timer)
    if (before === undefined && this._pending.size >= this._capacity) return this._lost(path)
    const now = performance.now()
    const since = before?.since ?? now
    const wait = Math.min(this._debounce, since + PATIENCE * this._debounce - now, MAX_DELAY)
    const all = before?.kind === 'rename' ? 'rename' : kind
    this._pending.set(path, { kind: all, since, timer: setTimeout(() => this._quiet(path), wait) })
  }

  failed(cause: unknown): void {
    this._receiver.end(cause)
  }

  clear(): void {
    for (const { timer } of this._pending.values()) clearTimeout(timer)
    this._pending.clear()
  }

  private _quiet(path: string): void {
    const { kind } = this._pending.get(path) as Pending // its timer
    this._pending.delete(path)
    this._pass({ path, kind })
  }

  private _pass(event: WatchEvent): void {
    if (!this._receiver.accept(event)) this._lost(event.path)
  }

  private _lost(path: string): void {
    this._receiver.end(new EventsLostError(path, this._capacity, 'watch'))
  }
}
