/**
 * `rateLimit` with a limiter for each key: the items of a key pass in order, and a key that waits does not block the
 * others.
 *
 * Always true: a limiter has an entry while one of its items waits; of the others, the entries used least recently go
 * first, as the number of keys or the idle time asks for it.
 */
import { map, type MonoTypeOperatorFunction, type Observable } from 'rxjs'
import type { Op } from '../../../runtime/index.js'
import { checkCount, checkFunction, checkMethod, checkOperation, checkTime, outOfRange, time } from '../../../runtime/internal.js'
import { stageNotes, type StageOptions } from '../../demand/unpaced.js'
import { described } from '../../demand/scope.js'
import { byKey } from '../work/by-key.js'
import type { Limiter } from './rate-limit.js'

/** Options of `rateLimit` with a limiter for each key. */
export interface KeyedLimitOptions<T, K> extends StageOptions {
  /** Returns the key of an item: the host, the tenant. */
  readonly by: (value: T) => K
  /** Items that may wait for their token; default 16. */
  readonly waiting?: number
  /**
   * Keys whose limiters are kept; at least `waiting`, default 1000. Beyond, the limiter used least recently is
   * forgotten, and begins anew.
   */
  readonly keys?: number
  /** ms after its last item, after which the limiter of a key is forgotten; default 10 minutes. */
  readonly idle?: number
}

interface Entry {
  readonly limiter: Limiter
  used: number
  waiting: number
}

class Limiters<K> {
  private readonly _entries = new Map<K, Entry>()

  constructor(
    private readonly _make: (key: K) => Limiter,
    private readonly _keys: number,
    private readonly _idle: number,
  ) {}

  /** The entry of the key, for an item that waits. */
  enter(key: K): Entry {
    const now = time.timers.now()
    const entry = this._entries.get(key) ?? this._add(key, now)
    this._entries.delete(key) // the entry used last is the last
    this._entries.set(key, entry)
    entry.used = now
    entry.waiting++
    return entry
  }

  private _add(key: K, now: number): Entry {
    const limiter = this._make(key)
    checkMethod('rateLimit(limiterOf, { by }): the result of limiterOf', 'a limiter with wait()', limiter, 'wait')
    for (const [other, { used, waiting }] of this._entries) {
      const isOld = now - used >= this._idle
      if (!isOld && this._entries.size < this._keys) break
      if (waiting === 0) this._entries.delete(other)
    }
    return { limiter, used: now, waiting: 0 }
  }
}

/** An item on its way through `byKey`. */
interface Waiting<T> {
  readonly value: T
  entry: Entry | null
}

export function limitByKey<T, K>(limiterOf: (key: K) => Limiter, options: KeyedLimitOptions<T, K>): MonoTypeOperatorFunction<T> {
  const { by, waiting = 16, keys = 1000, idle = 600_000 } = options
  const { name } = stageNotes('rateLimit', options, ['by', 'waiting', 'keys', 'idle'])
  checkFunction('rateLimit(limiterOf, { by })', by)
  checkFunction('rateLimit(limiterOf, { by }): limiterOf', limiterOf)
  checkCount('rateLimit(limiterOf, { waiting })', 1, waiting)
  checkCount('rateLimit(limiterOf, { keys })', 1, keys)
  if (keys < waiting) throw outOfRange('rateLimit(limiterOf, { keys })', `a whole number from waiting, ${waiting}, up`, keys)
  checkTime('rateLimit(limiterOf, { idle })', idle)
  const limiters = new Limiters(limiterOf, keys, idle) // also for later subscriptions: a retry does not begin the limits anew
  return (source) =>
    described<T>({ name, holds: waiting, source }, (subscriber) => {
      const inside = new Set<Waiting<T>>()
      subscriber.add(() => {
        for (const { entry } of inside) if (entry !== null) entry.waiting--
      })
      return throughLanes(source, { limiters, by, waiting, inside }, { ...options, name }).subscribe(subscriber)
    })
}

interface Lanes<T, K> {
  readonly limiters: Limiters<K>
  readonly by: (value: T) => K
  readonly waiting: number
  /** The items that wait, of this subscription. */
  readonly inside: Set<Waiting<T>>
}

function throughLanes<T, K>(source: Observable<T>, { limiters, by, waiting, inside }: Lanes<T, K>, options: StageOptions): Observable<T> {
  const { name, overflow, sparse } = options
  const stage = {
    waiting: 0,
    onFailure: 'stop' as const, // an error of a limiter is no failure of the work on an item
    ...(name !== undefined && { name }),
    ...(overflow !== undefined && { overflow }),
    ...(sparse !== undefined && { sparse }),
  }
  const enter = (item: Waiting<T>): Entry => {
    item.entry = limiters.enter(by(item.value))
    inside.add(item)
    return item.entry
  }
  const pass = (item: Waiting<T>): Op<T> => {
    const { limiter } = item.entry as Entry // `enter` was called for the item
    return checkOperation('rateLimit(limiterOf, { by }): wait()', limiter.wait()).map(() => {
      if (item.entry !== null && inside.delete(item)) item.entry.waiting--
      return item.value
    })
  }
  return source.pipe(
    map((value): Waiting<T> => ({ value, entry: null })),
    byKey(enter, waiting, pass, stage),
  )
}
