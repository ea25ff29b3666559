/** Locks, permits and conditions, against their specifications: at most n holders, nothing lost, first in, first out. */
import { perform, performOwned } from './ways.js'
import { Order, type MakeInstrument, type Steps, type World } from './world.js'

/** Holds a guard for a while; it may be disposed twice, and gives back once. */
function* hold(w: World, guard: Disposable, enter: () => void, leave: () => void): Steps {
  enter()
  try {
    yield* w.pause()
  } finally {
    leave()
    guard[Symbol.dispose]()
    guard[Symbol.dispose]()
  }
}

const unlocking = (unlock: () => void): Disposable => {
  let isHeld = true
  return {
    [Symbol.dispose]: () => {
      if (isHeld) unlock()
      isHeld = false
    },
  }
}

export const mutex: MakeInstrument = (w) => {
  const mu = w.lib.mutex()
  const order = new Order(w, 'mutex')
  let inside = 0
  const enter = () => w.check(++inside === 1, `mutex: ${inside} hold the lock`)
  const leave = () => inside--
  return {
    *use() {
      if (w.choose(4) === 3) {
        const isFree = inside === 0
        const isLocked = mu.tryLock()
        w.check(!isLocked || isFree, 'mutex: tryLock takes a lock that is held')
        if (isLocked) yield* hold(w, unlocking(() => mu.unlock()), enter, leave) // prettier-ignore
        return
      }
      const ticket = order.ask()
      const guard = yield* perform(w, mu.lock())
      order.granted(ticket)
      yield* hold(w, guard, enter, leave)
    },
    *atRest() {
      w.check(mu.tryLock(), 'mutex: the lock is lost')
      w.check(!mu.tryLock(), 'mutex: locked twice')
    },
  }
}

export const keyedMutex: MakeInstrument = (w) => {
  const keyed = w.lib.keyedMutex<number>()
  const orders = [new Order(w, 'keyedMutex 0'), new Order(w, 'keyedMutex 1')]
  const inside = [0, 0]
  return {
    *use() {
      const key = w.choose(2)
      const ticket = orders[key].ask()
      const guard = yield* perform(w, keyed.lock(key))
      orders[key].granted(ticket)
      const enter = () => w.check(++inside[key] === 1, `keyedMutex: ${inside[key]} hold the key`)
      yield* hold(w, guard, enter, () => inside[key]--)
    },
    *atRest() {
      w.check((keyed as unknown as { locked: Map<number, unknown> }).locked.size === 0, 'keyedMutex: a key that nobody holds is in the map') // a field of the class
      for (const key of [0, 1]) {
        w.check(keyed.tryLock(key), `keyedMutex: the lock of ${key} is lost`)
        keyed.unlock(key)
      }
    },
  }
}

export const rwMutex: MakeInstrument = (w) => {
  const rw = w.lib.rwMutex()
  const order = new Order(w, 'rwMutex, writers')
  let [readers, writers] = [0, 0]
  const isRight = () => w.check(writers === 0 || (writers === 1 && readers === 0), `rwMutex: ${writers} writers, ${readers} readers`)
  return {
    *use() {
      if (w.choose(2) === 0) {
        const ticket = order.ask()
        const guard = yield* perform(w, rw.lock())
        order.granted(ticket)
        return yield* hold(w, guard, () => (writers++, isRight()), () => writers--) // prettier-ignore
      }
      const guard = yield* perform(w, rw.rLock())
      yield* hold(w, guard, () => (readers++, isRight()), () => readers--) // prettier-ignore
    },
    *atRest() {
      w.check(rw.tryLock(), 'rwMutex: the lock is lost')
      rw.unlock()
      w.check(rw.tryRLock() && rw.tryRLock(), 'rwMutex: no two readers')
    },
  }
}

export const semaphore: MakeInstrument = (w) => {
  const SIZE = 2
  const sem = w.lib.semaphore(SIZE)
  let held = 0
  return {
    *use() {
      const k = 1 + w.choose(SIZE)
      const enter = () => w.check((held += k) <= SIZE, `semaphore: ${held} permits of ${SIZE} are held`)
      const leave = () => (held -= k)
      if (w.choose(4) === 3) {
        if (sem.tryAcquire(k)) yield* hold(w, unlocking(() => sem.release(k)), enter, leave) // prettier-ignore
        return
      }
      yield* hold(w, yield* perform(w, sem.acquire(k)), enter, leave)
    },
    *atRest() {
      w.check(sem.tryAcquire(SIZE), 'semaphore: permits are lost')
      w.check(!sem.tryAcquire(), 'semaphore: a permit too many')
    },
  }
}

/** Consumers wait for items with the lock, producers put items. The lock is held after each wait, however it ended. */
export const cond: MakeInstrument = (w) => {
  const mu = w.lib.mutex()
  const filled = w.lib.cond(mu)
  let [items, inside] = [0, 0]
  const enter = () => w.check(++inside === 1, `cond: ${inside} hold the lock`)
  function* wait(): Steps {
    inside--
    const job = w.choose(2) === 0 ? filled.wait() : filled.wait(w.ctx)
    yield* performOwned(w, job, enter)
  }
  function* consume(): Steps {
    while (items === 0) yield* wait()
    items--
  }
  return {
    *use() {
      const consumes = w.choose(2) === 0
      const guard = yield* mu.lock()
      enter()
      try {
        if (consumes) yield* consume()
        else items++
      } finally {
        inside--
        guard[Symbol.dispose]()
      }
      if (!consumes) {
        if (w.choose(2) === 0) filled.signal()
        else filled.broadcast()
      }
    },
    nudge() {
      items += 2
      filled.broadcast()
    },
    *atRest() {
      w.check(mu.tryLock(), 'cond: the lock is lost')
    },
  }
}

/** No item is out twice. */
export const syncPool: MakeInstrument = (w) => {
  let made = 0
  const pool = w.lib.syncPool(() => ({ id: made++ }))
  const out = new Set<object>()
  return {
    *use() {
      const item = pool.get()
      w.check(!out.has(item), `syncPool: item ${item.id} is out twice`)
      out.add(item)
      try {
        yield* w.pause()
      } finally {
        out.delete(item)
        pool.put(item)
      }
    },
    *atRest() {
      const kept = new Set(Array.from({ length: made }, () => pool.get()))
      w.check(kept.size === made, 'syncPool: an item is kept twice, or lost')
    },
  }
}
