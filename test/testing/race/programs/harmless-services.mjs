// Harmless code in the styles of services: queues, pools, caches, limits and stores behind functions. No race is reported in it by default.
// Waits are turns of the host.
import { EventEmitter } from 'node:events'

const tick = (n = 0) => new Promise((resume) => setImmediate(n > 0 ? () => tick(n - 1).then(resume) : resume))

/** @type {(() => Promise<unknown>)[]} */
export const harmless = [
  async function drainOne() {
    // one consumer, many producers
    const q = []
    const producer = async (n) => {
      for (let i = 0; i < 3; i++) {
        await tick(n)
        q.push(i)
      }
    }
    let busy = false
    async function drain() {
      if (busy) return
      busy = true
      while (q.length > 0) {
        await tick(1)
        q.shift()
      }
      busy = false
    }
    await Promise.all([
      producer(0),
      producer(1),
      (async () => {
        for (let i = 0; i < 10; i++) {
          await tick()
          await drain()
        }
      })(),
    ])
  },
  async function drainSplice() {
    const q = [{ id: 0 }]
    const producer = async (n) => {
      for (let i = 0; i < 3; i++) {
        await tick(n)
        q.push({ id: i })
      }
    }
    async function drain() {
      while (q.length > 0) {
        const job = q[0]
        await tick(1)
        q.splice(q.indexOf(job), 1)
      }
    }
    await Promise.all([producer(0), producer(1), drain()])
  },
  async function drainHelper() {
    const q = [{ id: 0 }]
    const remove = (job) => {
      q.splice(q.indexOf(job), 1)
    }
    const producer = async (n) => {
      for (let i = 0; i < 3; i++) {
        await tick(n)
        q.push({ id: i })
      }
    }
    async function drain() {
      while (q.length > 0) {
        const job = q[0]
        await tick(1)
        remove(job)
      }
    }
    await Promise.all([producer(0), producer(1), drain()])
  },
  async function limiter() {
    // p-limit like
    let active = 0
    const waiting = []
    const acquire = () => {
      if (active < 2) {
        active++
        return Promise.resolve()
      }
      return new Promise((r) => waiting.push(r))
    }
    const release = () => {
      const next = waiting.shift()
      if (next) next()
      else active--
    }
    const run = async (f) => {
      await acquire()
      try {
        return await f()
      } finally {
        release()
      }
    }
    await Promise.all([1, 2, 3, 4, 5].map((n) => run(() => tick(n))))
  },
  async function limiterIn() {
    let active = 0
    const waiting = []
    const release = () => {
      active--
      waiting.shift()?.()
    }
    const run = async (f) => {
      if (active >= 2) await new Promise((r) => waiting.push(r))
      active++
      try {
        return await f()
      } finally {
        release()
      }
    }
    await Promise.all([1, 2, 3, 4, 5].map((n) => run(() => tick(n))))
  },
  async function circuit() {
    class Breaker {
      fails = 0
      open = false
      trip() {
        this.open = true
      }
      ok() {
        this.fails = 0
      }
      fail() {
        if (++this.fails > 3) this.trip()
      }
      async call(f) {
        if (this.open) throw new Error('open')
        try {
          const v = await f()
          this.ok()
          return v
        } catch (e) {
          this.fail()
          throw e
        }
      }
    }
    const b = new Breaker()
    await Promise.allSettled(
      [1, 2, 3, 4, 5, 6, 7].map((n) =>
        b.call(async () => {
          await tick(n)
          if (n % 2) throw new Error('x')
          return 1
        }),
      ),
    )
  },
  async function onceInit() {
    let p = null
    const connect = async () => {
      await tick(1)
      return { id: 1 }
    }
    const get = () => (p ??= connect())
    await Promise.all([get(), get(), get()])
  },
  async function singleFlight() {
    const flights = new Map()
    const load = (k) => {
      const f = flights.get(k)
      if (f) return f
      const p = tick(1)
        .then(() => k)
        .finally(() => flights.delete(k))
      flights.set(k, p)
      return p
    }
    await Promise.all([load('a'), load('a'), load('b')])
    await load('a')
  },
  async function cacheDedup() {
    const cache = new Map()
    const inflight = new Map()
    async function get(k) {
      if (cache.has(k)) return cache.get(k)
      if (inflight.has(k)) return inflight.get(k)
      const p = (async () => {
        await tick(1)
        cache.set(k, 1)
        inflight.delete(k)
        return 1
      })()
      inflight.set(k, p)
      return p
    }
    await Promise.all([get('a'), get('a'), get('b')])
  },
  async function emitter() {
    const e = new EventEmitter()
    let closed = false
    let n = 0
    e.on('data', async () => {
      if (closed) return
      await tick()
      n++
    })
    e.on('close', () => {
      closed = true
    })
    e.emit('data')
    e.emit('data')
    await tick()
    e.emit('close')
    await tick(2)
    return n
  },
  async function closeOnce() {
    class Conn {
      #closed = false
      #open = new Set()
      async send(x) {
        if (this.#closed) throw new Error('closed')
        this.#open.add(x)
        await tick()
        this.#open.delete(x)
      }
      async close() {
        if (this.#closed) return
        this.#closed = true
        while (this.#open.size > 0) await tick()
      }
    }
    const c = new Conn()
    await Promise.allSettled([c.send(1), c.send(2), c.close(), c.close()])
  },
  async function lru() {
    class LRU {
      m = new Map()
      get(k) {
        const v = this.m.get(k)
        if (v !== undefined) {
          this.m.delete(k)
          this.m.set(k, v)
        }
        return v
      }
      set(k, v) {
        this.m.delete(k)
        this.m.set(k, v)
        if (this.m.size > 2) this.m.delete(this.m.keys().next().value)
      }
    }
    const l = new LRU()
    const use = async (k) => {
      await tick()
      l.set(k, k)
      await tick(1)
      l.get(k)
    }
    await Promise.all(['a', 'b', 'c'].map(use))
  },
  async function mutexQueue() {
    let tail = Promise.resolve()
    const acct = { n: 0 }
    const get = async () => acct.n
    const put = async (v) => {
      await tick()
      acct.n = v
    }
    const locked = (f) => (tail = tail.then(f, f))
    const add = () =>
      locked(async () => {
        const n = await get()
        await tick()
        await put(n + 1)
      })
    await Promise.all([add(), add(), add()])
  },
  async function mutexFlag() {
    let locked = false
    const waiters = []
    let n = 0
    const lock = async () => {
      while (locked) await new Promise((r) => waiters.push(r))
      locked = true
    }
    const unlock = () => {
      locked = false
      waiters.shift()?.()
    }
    const get = async () => {
      await tick()
      return n
    }
    const set = async (v) => {
      await tick()
      n = v
    }
    const add = async () => {
      await lock()
      try {
        if ((await get()) < 100) await set((await get()) + 1)
      } finally {
        unlock()
      }
    }
    await Promise.all([add(), add(), add()])
  },
  async function versioned() {
    // optimistic
    const row = { v: 0, n: 0 }
    const load = async () => {
      await tick()
      return { ...row }
    }
    const cas = async (old, n) => {
      await tick()
      if (row.v !== old.v) return false
      row.v++
      row.n = n
      return true
    }
    const add = async () => {
      for (;;) {
        const r = await load()
        if (await cas(r, r.n + 1)) return
      }
    }
    await Promise.all([add(), add(), add()])
  },
  async function latestWins() {
    let seq = 0
    let shown = null
    const search = async (q, n) => {
      const mine = ++seq
      const r = await tick(n).then(() => q)
      if (mine !== seq) return
      shown = r
    }
    await Promise.all([search('a', 3), search('b', 1)])
    return shown
  },
  async function upsertHelper() {
    // helper looks again
    const m = new Map()
    const has = async (k) => {
      await tick()
      return m.has(k)
    }
    const add = async (k) => {
      await tick()
      if (m.has(k)) return
      m.set(k, 1)
    }
    const f = async (k) => {
      if (!(await has(k))) await add(k)
    }
    await Promise.all([f('a'), f('a')])
  },
  async function pollReady() {
    const s = { ready: false, n: 0 }
    const mark = () => {
      s.ready = true
    }
    const wait = async () => {
      while (!s.ready) await tick()
    }
    await Promise.all([
      wait(),
      wait(),
      (async () => {
        await tick(3)
        mark()
      })(),
    ])
  },
  async function progress() {
    const s = { done: 0, total: 5, state: 'idle' }
    const set = (x) => {
      s.state = x
    }
    const step = async (n) => {
      if (s.state === 'idle') set('running')
      await tick(n)
      s.done++
      if (s.done === s.total) set('finished')
    }
    await Promise.all([0, 1, 2, 3, 4].map(step))
  },
  async function pool() {
    class Pool {
      idle = [1, 2]
      wait = []
      async take() {
        if (this.idle.length > 0) return this.idle.pop()
        return new Promise((r) => this.wait.push(r))
      }
      give(c) {
        const w = this.wait.shift()
        if (w) w(c)
        else this.idle.push(c)
      }
      async use(f) {
        const c = await this.take()
        try {
          return await f(c)
        } finally {
          this.give(c)
        }
      }
    }
    const p = new Pool()
    await Promise.all([1, 2, 3, 4, 5].map((n) => p.use(() => tick(n))))
  },
  async function connections() {
    class Pool {
      idle = []
      made = 0
      async acquire() {
        const free = this.idle.pop()
        if (free) return free
        await tick()
        return { id: ++this.made }
      }
      release(connection) {
        this.idle.push(connection)
      }
    }
    const pool = new Pool()
    async function query(turns) {
      const connection = await pool.acquire()
      await tick(turns)
      pool.release(connection)
    }
    await Promise.all([1, 3, 5].map(query))
    await Promise.all([5, 3, 1].map(query))
  },
  async function boundedConnections() {
    // who finds none waits for one that is given back
    class Pool {
      idle = []
      size = 0
      waiting = []
      async acquire() {
        const free = this.idle.shift()
        if (free !== undefined) return free
        if (this.size === 2) return new Promise((resolve) => this.waiting.push(resolve))
        this.size++
        await tick()
        return { id: this.size }
      }
      release(connection) {
        const next = this.waiting.shift()
        if (next) next(connection)
        else this.idle.push(connection)
      }
      async with(work) {
        const connection = await this.acquire()
        try {
          return await work(connection)
        } finally {
          this.release(connection)
        }
      }
    }
    const pool = new Pool()
    await Promise.all([1, 2, 3, 4, 5].map((turns) => pool.with(() => tick(turns))))
  },
  async function reusedBuffers() {
    const free = []
    const make = async () => {
      await tick()
      return { used: 0 }
    }
    async function work(turns) {
      const buffer = free.length > 0 ? free.pop() : await make()
      try {
        buffer.used += turns
        await tick(turns)
      } finally {
        free.push(buffer)
      }
    }
    await Promise.all([1, 2, 3].map(work))
    await Promise.all([3, 2, 1].map(work))
  },
  async function retriedJobs() {
    // a job that failed goes to the end of the queue again, or to the front
    const queue = [1, 2, 3, 4].map((id) => ({ id, tries: 0 }))
    async function worker() {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
        await tick(job.id)
        if (++job.tries === 1) queue.push(job)
        else if (job.tries === 2) queue.unshift(job)
      }
    }
    await Promise.all([worker(), worker()])
  },
  async function batcher() {
    class Batcher {
      items = []
      timer = null
      push(x) {
        this.items.push(x)
        if (this.timer === null) this.timer = setImmediate(() => this.flush())
      }
      async flush() {
        this.timer = null
        const b = this.items
        this.items = []
        await tick()
        return b
      }
    }
    const b = new Batcher()
    for (let i = 0; i < 5; i++) {
      b.push(i)
      await tick(i % 2)
    }
    await tick(3)
  },
  async function subscribeLate() {
    let started = false
    const on = new Set()
    const start = async () => {
      if (started) return
      started = true
      await tick()
      for (const f of on) f()
    }
    on.add(() => {
      started = false
    })
    await Promise.all([start(), start()])
    await start()
  },
  async function repoUpdateFresh() {
    // looks again in the store
    const rows = new Map([['a', { n: 0 }]])
    const repo = {
      find: async (k) => {
        await tick()
        return rows.get(k)
      },
      update: async (k, f) => {
        await tick()
        rows.set(k, f(rows.get(k)))
      },
    }
    const inc = async () => {
      if (await repo.find('a')) await repo.update('a', (r) => ({ n: r.n + 1 }))
    }
    await inc()
    await inc()
  },
  async function connState() {
    // a state machine with a guard in each step
    class Conn {
      state = 'new'
      #set(s) {
        this.state = s
      }
      async open() {
        if (this.state !== 'new') return
        this.#set('opening')
        await tick()
        if (this.state === 'opening') this.#set('open')
      }
      close() {
        this.#set('closed')
      }
    }
    const c = new Conn()
    const p = c.open()
    c.close()
    await p
    await new Conn().open()
  },
  async function refs() {
    // reference counts
    const s = { refs: 0, open: false }
    const acquire = () => {
        if (s.refs++ === 0) s.open = true
      },
      release = () => {
        if (--s.refs === 0) s.open = false
      }
    const use = async (n) => {
      acquire()
      try {
        await tick(n)
      } finally {
        release()
      }
    }
    await Promise.all([use(0), use(2), use(1)])
  },
  async function tokenRefresh() {
    let token = null,
      refreshing = null
    const set = (t) => {
      token = t
    }
    const refresh = () =>
      (refreshing ??= tick(1).then(() => {
        set({ exp: 10 })
        refreshing = null
        return token
      }))
    const call = async () => {
      if (!token) await refresh()
      return token
    }
    await Promise.all([call(), call(), call()])
  },
  async function metrics() {
    const m = new Map()
    const count = (k) => {
      m.set(k, (m.get(k) ?? 0) + 1)
    }
    const h = async (k, n) => {
      count('in')
      await tick(n)
      if (n > 1) count('slow')
      count('out')
    }
    await Promise.all([h('a', 0), h('b', 2), h('c', 3)])
  },
  async function retryLoop() {
    const log = []
    const note = (x) => {
      log.push(x)
    }
    const f = async (n) => {
      for (let i = 0; ; i++) {
        try {
          await tick(n)
          if (i < 2) throw new Error('again')
          return
        } catch (e) {
          if (i >= 3) throw e
          note(e)
        }
      }
    }
    await Promise.all([f(0), f(1)])
  },
  async function sessions() {
    const byId = new Map()
    const add = (s) => {
        byId.set(s.id, s)
      },
      drop = (s) => {
        byId.delete(s.id)
      }
    const serve = async (id, n) => {
      const s = { id, last: 0 }
      add(s)
      try {
        for (let i = 0; i < 3; i++) {
          await tick(n)
          if (!byId.has(id)) return
          s.last = i
        }
      } finally {
        drop(s)
      }
    }
    await Promise.all([serve(1, 0), serve(2, 1), serve(3, 0)])
  },
  async function workers() {
    const jobs = [1, 2, 3, 4, 5, 6]
    const results = []
    const next = () => jobs.shift()
    const done = (x) => {
      results.push(x)
    }
    const worker = async (n) => {
      for (let j; (j = next()) !== undefined;) {
        await tick(n)
        done(j)
      }
    }
    await Promise.all([worker(0), worker(1)])
  },
  async function workersWhile() {
    const jobs = [1, 2, 3, 4, 5, 6]
    const results = []
    const worker = async (n) => {
      while (jobs.length > 0) {
        const j = jobs.pop()
        await tick(n)
        results.push(j)
      }
    }
    await Promise.all([worker(0), worker(1)])
  },
  async function flushEnd() {
    const buf = []
    let flushing = false
    const flush = async () => {
      if (flushing) return
      flushing = true
      try {
        while (buf.length > 0) {
          const part = buf.slice(0, 2)
          await tick(1)
          buf.splice(0, part.length)
        }
      } finally {
        flushing = false
      }
    }
    const add = async (n) => {
      for (let i = 0; i < 4; i++) {
        await tick(n)
        buf.push(i)
        void flush()
      }
    }
    await Promise.all([add(0), add(1)])
    await flush()
  },
  async function semaphores() {
    class Sem {
      free = 2
      q = []
      async take() {
        while (this.free === 0) await new Promise((r) => this.q.push(r))
        this.free--
      }
      give() {
        this.free++
        const r = this.q.shift()
        if (r) r()
      }
    }
    const s = new Sem()
    const use = async (n) => {
      await s.take()
      try {
        await tick(n)
      } finally {
        s.give()
      }
    }
    await Promise.all([0, 1, 2, 3, 4].map(use))
  },
  async function lazyMap() {
    const m = new WeakMap()
    const of = (k) => {
      let v = m.get(k)
      if (!v) m.set(k, (v = { n: 0 }))
      return v
    }
    const k = {}
    const f = async (n) => {
      await tick(n)
      of(k).n++
    }
    await Promise.all([f(0), f(1)])
  },
  async function config() {
    const c = { level: 'info' }
    const reload = async () => {
      await tick()
      Object.assign(c, { level: 'debug' })
    }
    const log = async () => {
      for (let i = 0; i < 3; i++) {
        if (c.level === 'debug') await tick()
        await tick()
      }
    }
    await Promise.all([reload(), log(), log()])
  },
  async function abort() {
    const ac = new AbortController()
    const s = { stopped: false, n: 0 }
    ac.signal.addEventListener('abort', () => {
      s.stopped = true
    })
    const loop = async () => {
      while (!s.stopped) {
        await tick()
        s.n++
      }
    }
    await Promise.all([
      loop(),
      loop(),
      (async () => {
        await tick(3)
        ac.abort()
      })(),
    ])
  },
  async function gen() {
    async function* pages() {
      for (let i = 0; i < 3; i++) {
        await tick()
        yield [i, i + 1]
      }
    }
    const seen = new Set()
    for await (const p of pages())
      for (const x of p) {
        if (seen.has(x)) continue
        seen.add(x)
      }
    const all = []
    await Promise.all(
      [1, 2].map(async () => {
        for await (const p of pages()) all.push(...p)
      }),
    )
  },
  async function bfs() {
    const graph = { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }
    const seen = new Set()
    const visit = async (n) => {
      if (seen.has(n)) return
      seen.add(n)
      await tick()
      await Promise.all(graph[n].map(visit))
    }
    await visit('a')
  },
  async function dedupeWrite() {
    const files = new Map()
    const pending = new Map()
    const write = (f, d) => {
      const prev = pending.get(f) ?? Promise.resolve()
      const p = prev
        .then(() => tick(1))
        .then(() => {
          files.set(f, d)
        })
      pending.set(f, p)
      return p.finally(() => {
        if (pending.get(f) === p) pending.delete(f)
      })
    }
    await Promise.all([write('a', 1), write('a', 2), write('b', 1)])
  },
  async function watcher() {
    let version = 0
    const built = []
    let again = false,
      running = false
    const build = async () => {
      if (running) {
        again = true
        return
      }
      running = true
      do {
        again = false
        const v = version
        await tick(2)
        built.push(v)
      } while (again)
      running = false
    }
    const change = async (n) => {
      for (let i = 0; i < 3; i++) {
        await tick(n)
        version++
        void build()
      }
    }
    await Promise.all([change(0), change(1)])
    await tick(8)
  },
  async function swapAfterWait() {
    // the keys that came in the meantime are taken with the others
    let keys = []
    const found = []
    async function serve() {
      if (keys.length === 0) return
      await tick(1)
      const batch = keys
      keys = []
      found.push(...batch)
    }
    keys.push('a')
    const serving = serve()
    await tick()
    keys.push('b')
    await serving
    return found
  },
  async function emptyWhatWasSent() {
    // what came in the meantime is sent too: the list is read after the wait
    const log = { lines: [], sent: [] }
    async function flush() {
      const { lines } = log
      if (lines.length === 0) return
      await tick(1)
      log.sent.push(...lines)
      log.lines = []
    }
    log.lines.push('a')
    const flushing = flush()
    await tick()
    log.lines.push('b')
    await flushing
    return log.sent
  },
  async function poll() {
    // a lock that polls, and a flag that is looked at again after the preparation
    let isBusy = false
    async function run() {
      while (isBusy) await tick()
      isBusy = true
      await tick(1)
      isBusy = false
    }
    async function prepared() {
      while (isBusy) await tick()
      await tick(1)
      if (isBusy) return
      isBusy = true
      await tick()
      isBusy = false
    }
    await Promise.all([run(), run(), prepared(), prepared()])
  },
  async function takeAll() {
    // the rest is thrown away on purpose, as it is now
    const jobs = [1, 2, 3]
    async function cancel() {
      await tick(1)
      if (jobs.length > 0) jobs.splice(0)
    }
    const cancelling = cancel()
    jobs.push(4)
    await tick()
    jobs.push(5)
    await cancelling
  },
  async function sweep() {
    // each deletes keys of its own, whichever others are gone
    const sessions = new Map(['a', 'b', 'c', 'd'].map((id) => [id, { id }]))
    const online = new Set(['a', 'b', 'c', 'd'])
    function* idsOf(map) {
      for (const id of map.keys()) yield id
    }
    async function end(ids, turns) {
      for (const id of idsOf(sessions)) {
        await tick(turns)
        if (ids.includes(id)) sessions.delete(id)
      }
      for (const id of [...online.values()]) {
        await tick(turns)
        if (ids.includes(id)) online.delete(id)
      }
    }
    await Promise.all([end('ac', 0), end('bd', 1)])
  },
  async function compareAndSet() {
    // a state that was taken out by a pattern is compared with the one after the wait
    const job = { state: 'ready', version: 1, text: '' }
    async function claim(to, turns) {
      const { state } = job
      await tick(turns)
      if (job.state !== state) return
      job.state = to
    }
    async function edit(text, turns) {
      for (;;) {
        const { version } = job
        await tick(turns)
        if (job.version !== version) continue
        job.version = version + 1
        job.text = text
        return
      }
    }
    await Promise.all([claim('a', 0), claim('b', 1), edit('x', 0), edit('y', 1)])
  },
  async function ownItems() {
    // each handler has an item of its own
    const rows = new Map(['a', 'b'].map((id) => [id, { id, seen: 0, tags: [] }]))
    await Promise.all(
      [...rows.values()].map(async ({ id, seen, ...rest }, i) => {
        await tick(i)
        rows.get(id).seen = seen + 1
        rows.set(id, { ...rows.get(id), ...rest, tags: [...rest.tags, i] })
      }),
    )
  },
  async function chain() {
    // handlers that take one context apart
    const handlers = [
      async ({ request, response }, next) => {
        request.start = 1
        await next()
        response.took = 1 - request.start
      },
      async ({ request: { id }, response }, next) => {
        await tick(id)
        response.body = id
        await next()
      },
    ]
    const handle = async (id) => {
      const context = { request: { id }, response: {} }
      const run = (i) => handlers[i]?.(context, () => run(i + 1))
      await run(0)
    }
    await Promise.all([handle(1), handle(2)])
  },
]
