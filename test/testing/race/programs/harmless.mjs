// Code that is harmless in JavaScript, and common: no race is reported in it by default. Each is a function that the tests instrument.
// Waits are turns of the host, as in pairs.mjs.
/** @param {number} [turns] */
async function pause(turns = 0) {
  for (let n = 0; n <= turns; n++) await new Promise((resume) => setImmediate(resume))
}

/** A timer in turns of the host. */
function later(f, turns) {
  const timer = { isSet: true }
  const step = (left) => setImmediate(() => (left > 0 ? step(left - 1) : timer.isSet && f()))
  step(turns)
  return timer
}

function forget(timer) {
  timer.isSet = false
}

/** @type {(() => Promise<unknown>)[]} */
export const harmless = [
  async function counter() {
    let n = 0
    await Promise.all(
      [1, 2, 3].map(async (ms) => {
        await pause(ms)
        n++
      }),
    )
    return n
  },
  async function polledFlag() {
    let done = false
    later(() => {
      done = true
    }, 5)
    while (!done) await pause(1)
  },
  async function collected() {
    const results = []
    await Promise.all(
      [1, 2, 3].map(async (ms) => {
        await pause(ms)
        results.push(ms)
      }),
    )
    return results.length
  },
  async function countdown() {
    let pending = 2,
      a = 0,
      b = 0
    await new Promise((resolve) => {
      const finish = () => resolve(a + b)
      later(() => {
        a = 1
        if (--pending === 0) finish()
      }, 1)
      later(() => {
        b = 2
        if (--pending === 0) finish()
      }, 2)
    })
  },
  async function gauge() {
    let active = 0,
      most = 0
    await Promise.all(
      [1, 2, 3].map(async (ms) => {
        active++
        most = Math.max(most, active)
        await pause(ms)
        active--
      }),
    )
    return most
  },
  async function limiter() {
    let active = 0
    const waiting = []
    async function run(f) {
      if (active >= 2) await new Promise((r) => waiting.push(r))
      active++
      try {
        await f()
      } finally {
        active--
        waiting.shift()?.()
      }
    }
    await Promise.all([1, 2, 3, 4].map((ms) => run(() => pause(ms))))
  },
  async function lastSeen() {
    const session = { at: 0, user: 'u' }
    await Promise.all(
      [1, 2].map(async (ms) => {
        await pause(ms)
        session.at = ms
        return session.user
      }),
    )
  },
  async function timerHandle() {
    const it = { timer: null }
    function arm() {
      if (it.timer) forget(it.timer)
      it.timer = later(() => {
        it.timer = null
      }, 1)
    }
    arm()
    await pause(0)
    arm()
    await pause(5)
  },
  async function checkedAgain() {
    let busy = 0
    async function f() {
      if (!busy) {
        await pause(1)
        if (!busy) {
          busy = 1
          await pause(1)
          busy = 0
        }
      }
    }
    await Promise.all([f(), f()])
  },
  async function ownCallee() {
    const it = { state: 'idle' }
    async function start() {
      await pause(1)
      it.state = 'running'
    }
    if (it.state === 'idle') {
      await start()
      it.state = 'done'
    }
  },
  async function queueOfPromises() {
    let tail = Promise.resolve()
    let n = 0
    const locked = (f) => (tail = tail.then(f))
    await Promise.all(
      [1, 2].map((ms) =>
        locked(async () => {
          const was = n
          await pause(ms)
          n = was + 1
        }),
      ),
    )
    return n
  },
  async function asyncMutex() {
    let held = false
    let n = 0
    const waiting = []
    const lock = () => {
      if (!held) {
        held = true
        return Promise.resolve()
      }
      return new Promise((r) => waiting.push(r))
    }
    const unlock = () => {
      const next = waiting.shift()
      if (next) next()
      else held = false
    }
    async function add(ms) {
      await lock()
      const was = n
      await pause(ms)
      n = was + 1
      unlock()
    }
    await Promise.all([add(1), add(2), add(1)])
    return n
  },
  async function semaphoreByHand() {
    let running = 0
    const queue = []
    async function tryToRun() {
      if (running < 1 && queue.length > 0) {
        running++
        const task = queue.shift()
        await task()
        running--
        await tryToRun()
      }
    }
    const add = (f) => {
      queue.push(f)
      return tryToRun()
    }
    await Promise.all([1, 2, 3].map((ms) => add(() => pause(ms))))
  },
  async function headers() {
    // eslint#17312: a write after an awaited callee that wrote the same object
    const h = {}
    async function f() {
      await pause(0)
      h.a = 'b'
    }
    await f()
    h.x = 'y'
  },
  async function localOnly() {
    // eslint#12423
    const note = { created: 0 }
    let stat
    if (!stat) stat = await (async () => (await pause(0), { at: 1 }))()
    note.created = stat.at
    return note
  },
  async function rereadAfterWait() {
    // eslint#11899: result += tmp after the wait
    let result = 0
    await Promise.all(
      [1, 2].map(async (ms) => {
        const tmp = await (async () => (await pause(ms), ms))()
        result += tmp
      }),
    )
    return result
  },
  async function lastWriterIsFine() {
    const ui = { query: '', shown: '' }
    async function search(q, ms) {
      ui.query = q
      await pause(ms)
      if (ui.query === q) ui.shown = q
    }
    await Promise.all([search('a', 3), search('ab', 1)])
  },
  async function eventBus() {
    const listeners = new Set()
    let seen = 0
    const on = (f) => {
      listeners.add(f)
      return () => listeners.delete(f)
    }
    const off = on(() => {
      seen++
    })
    await Promise.all(
      [1, 2].map(async (ms) => {
        await pause(ms)
        for (const f of listeners) f()
      }),
    )
    off()
    return seen
  },

  async function firstError() {
    let failure = null
    const work = async (turns) => {
      await pause(turns)
      if (failure === null) failure = new Error(`after ${turns}`)
    }
    await Promise.all([work(1), work(2)])
    return failure
  },
  async function sharedPromise() {
    let loading = null
    const load = () => (loading ??= pause(1).then(() => ({ port: 80 })))
    const [one, two] = await Promise.all([load(), load()])
    return one === two
  },
  async function sharedPromiseForgotten() {
    let loading = null
    const load = () =>
      (loading ??= pause(1).finally(() => {
        loading = null
      }))
    await Promise.all([load(), load()])
    await load()
  },
  async function debounced() {
    let latest = 0
    let shown = 0
    async function input(turns) {
      const mine = ++latest
      await pause(turns)
      if (mine === latest) shown = mine
    }
    await Promise.all([input(3), input(1)])
    return shown
  },
  async function barrier() {
    let arrived = 0
    let open
    const gate = new Promise((resolve) => (open = resolve))
    const arrive = async (turns) => {
      await pause(turns)
      if (++arrived === 3) open()
      await gate
      return arrived
    }
    return Promise.all([arrive(1), arrive(2), arrive(3)])
  },
  async function resultsByIndex() {
    const results = []
    const work = async (item, at) => {
      await pause(item)
      results[at] = item * 2
    }
    await Promise.all([3, 2, 1].map(work))
    return results
  },
  async function resultsByKey() {
    const results = {}
    const work = async (key) => {
      await pause(1)
      results[key] = key.length
    }
    await Promise.all(['a', 'bb'].map(work))
    return Object.keys(results).sort()
  },
  async function resultsInMap() {
    const results = new Map()
    const work = async (key) => {
      await pause(1)
      results.set(key, key.length)
    }
    await Promise.all(['a', 'bb'].map(work))
    return [...results.keys()]
  },
  async function nextIndex() {
    const items = ['a', 'b', 'c', 'd']
    let next = 0
    const done = []
    async function worker() {
      while (next < items.length) {
        const item = items[next++]
        await pause(1)
        done.push(item)
      }
    }
    await Promise.all([worker(), worker()])
    return done
  },
  async function retried() {
    let attempts = 0
    async function call() {
      for (;;) {
        attempts++
        try {
          await pause(1)
          if (attempts < 3) throw new Error('again')
          return attempts
        } catch {
          await pause(0)
        }
      }
    }
    return call()
  },
  async function closedOnce() {
    const connection = { isOpen: true, closes: 0 }
    async function close() {
      if (!connection.isOpen) return
      connection.isOpen = false
      await pause(1)
      connection.closes++
    }
    await Promise.all([close(), close()])
    return connection.closes
  },
  async function handOver() {
    const mailbox = { letter: null, arrived: null }
    const receive = () =>
      new Promise((resolve) => {
        mailbox.arrived = resolve
      })
    const received = receive().then(() => mailbox.letter)
    await pause(1)
    mailbox.letter = 'hello'
    mailbox.arrived()
    return received
  },
  async function stateMachine() {
    const door = { state: 'closed' }
    async function open() {
      door.state = 'opening'
      await pause(1)
      door.state = 'open'
    }
    async function close() {
      door.state = 'closing'
      await pause(1)
      door.state = 'closed'
    }
    await open()
    await close()
    return door.state
  },
  async function accumulatedInLoop() {
    let total = 0
    for (const turns of [1, 2]) total = total + (await pause(turns).then(() => turns))
    return total
  },
  async function ownCopy() {
    const settings = { depth: 1 }
    async function run(turns) {
      const own = { ...settings }
      await pause(turns)
      own.depth = own.depth + turns
      return own.depth
    }
    return Promise.all([run(1), run(2)])
  },
  async function asyncIterator() {
    const seen = []
    async function* numbers() {
      for (let n = 0; n < 3; n++) {
        await pause(1)
        yield n
      }
    }
    for await (const n of numbers()) seen.push(n)
    return seen
  },
  async function emitterOnce() {
    const waiting = new Set()
    const once = () => new Promise((resolve) => waiting.add(resolve))
    const all = [once(), once()]
    await pause(1)
    for (const resolve of waiting) resolve(1)
    waiting.clear()
    return Promise.all(all)
  },
  async function allSettled() {
    const counts = { done: 0, failed: 0 }
    const work = async (fails) => {
      await pause(1)
      if (fails) {
        counts.failed++
        throw new Error('fails')
      }
      counts.done++
    }
    await Promise.allSettled([work(true), work(false)])
    counts.done = counts.done + counts.failed
    return counts.done
  },
  async function heartbeat() {
    const peer = { beats: 0, isAlive: true }
    const timer = setInterval(() => {
      peer.beats = peer.beats + 1
    }, 1)
    await pause(3)
    clearInterval(timer)
    return peer.isAlive
  },
  async function cancelled() {
    const signal = { aborted: false }
    async function work() {
      let steps = 0
      while (!signal.aborted) {
        await pause(0)
        steps++
      }
      return steps
    }
    const working = work()
    await pause(2)
    signal.aborted = true
    return working
  },
  async function chainedTail() {
    const file = { lines: 0, tail: Promise.resolve() }
    const append = () =>
      (file.tail = file.tail.then(async () => {
        const lines = file.lines
        await pause(1)
        file.lines = lines + 1
      }))
    await Promise.all([append(), append(), append()])
    return file.lines
  },
  async function lockByPromise() {
    let locked = Promise.resolve()
    let n = 0
    async function exclusive(f) {
      const before = locked
      let release
      locked = new Promise((resolve) => (release = resolve))
      await before
      try {
        return await f()
      } finally {
        release()
      }
    }
    const add = async () => {
      const was = n
      await pause(1)
      n = was + 1
    }
    await Promise.all([exclusive(add), exclusive(add)])
    return n
  },
  async function semaphoreOfHelpers() {
    let running = 0
    const hasRoom = () => running < 2
    const enter = () => {
      running++
    }
    const leave = () => {
      running--
    }
    async function work(turns) {
      while (!hasRoom()) await pause(0)
      enter()
      await pause(turns)
      leave()
    }
    async function workIfFree(turns) {
      if (!hasRoom()) return
      enter()
      await pause(turns)
      running--
    }
    await Promise.all([workIfFree(2), work(1), work(2), work(3)])
    return running
  },
  async function reservedSlot() {
    const results = []
    async function add(turns) {
      await pause(0)
      const at = results.length
      results.push(null)
      await pause(turns)
      results[at] = turns
    }
    await Promise.all([add(3), add(1), add(2)])
    return results
  },
  async function reservedByAssignment() {
    const results = []
    async function add(turns) {
      await pause(0)
      const at = results.length
      results[at] = null
      await pause(turns)
      results[at] = turns
    }
    await Promise.all([add(2), add(1)])
    return results
  },
  async function fromTheEnd() {
    const list = [1, 2, 3]
    async function double() {
      for (let i = list.length - 1; i >= 0; i--) {
        await pause(0)
        list[i] = list[i] * 2
      }
    }
    async function append() {
      await pause(1)
      list.push(4)
    }
    await Promise.all([double(), append()])
    return list
  },
  async function foundAndReplacedWhileOthersAppend() {
    const rows = [{ id: 'a' }, { id: 'b' }]
    async function rename(id) {
      const at = rows.findIndex((row) => row.id === id)
      await pause(2)
      rows[at] = { id, isNew: true }
    }
    async function append() {
      await pause(0)
      rows.push({ id: 'c' })
    }
    await Promise.all([rename('b'), append()])
    return rows.length
  },
  async function storeThatLooksAgain() {
    let state = { user: { id: 1 }, items: [], page: 0 }
    const getState = () => state
    const setState = (partial) => {
      state = { ...state, ...partial }
    }
    async function load(turns) {
      const { user } = getState()
      const items = await search(user.id, turns)
      setState({ items })
    }
    async function turn() {
      await pause(0)
      setState({ page: getState().page + 1 })
    }
    const search = async (id, turns) => (await pause(turns), [id])
    await Promise.all([load(2), turn(), load(3)])
    return state
  },
  async function compareAndSet() {
    const rows = new Map([['a', { version: 1, n: 0 }]])
    const get = async (key) => (await pause(0), rows.get(key))
    async function put(key, version, n) {
      await pause(0)
      if (rows.get(key).version !== version) return false
      rows.set(key, { version: version + 1, n })
      return true
    }
    async function add() {
      for (;;) {
        const { version, n } = await get('a')
        if (await put('a', version, n + 1)) return
      }
    }
    await Promise.all([add(), add(), add()])
    return rows.get('a').n
  },
  async function lockedHelpers() {
    const rows = new Map([['a', 0]])
    let tail = Promise.resolve()
    const locked = (f) => (tail = tail.then(f))
    const get = async (key) => (await pause(0), rows.get(key))
    const put = async (key, n) => (await pause(0), void rows.set(key, n))
    const add = () =>
      locked(async () => {
        const n = await get('a')
        await pause(1)
        await put('a', n + 1)
      })
    await Promise.all([add(), add()])
    return rows.get('a')
  },
  async function setterOfAnotherKey() {
    const session = { user: 'u', theme: 'dark' }
    const get = (key) => session[key]
    const set = (key, value) => {
      session[key] = value
    }
    async function label(turns) {
      const user = get('user')
      await pause(turns)
      set('label', `${user}!`)
    }
    async function rename() {
      await pause(0)
      set('user', 'v')
    }
    await Promise.all([label(2), rename()])
    return session
  },
]
