// Races in the styles of servers: limits, sessions, pools, queues, stores and handlers that take their arguments apart, each with its fixed
// twin. They were written before the detector had seen them. Waits are turns of the host, as in pairs.mjs.
import { EventEmitter } from 'node:events'

async function pause(turns = 0) {
  for (let n = 0; n <= turns; n++) await new Promise((resume) => setImmediate(resume))
}

/** @type {import("./services.mjs").Service[]} */
export const servers = [
  {
    name: 'a limit of requests: the bucket goes back after the audit',
    async racy() {
      const buckets = new Map()
      const audit = (key) => pause(key.length)
      async function allow({ key, limit }) {
        const { hits = 0, since } = buckets.get(key) ?? { since: 1 }
        if (hits >= limit) return false
        await audit(key)
        buckets.set(key, { hits: hits + 1, since })
        return true
      }
      return Promise.all([1, 2, 3].map(() => allow({ key: 'ada', limit: 2 })))
    },
    async fixed() {
      const buckets = new Map()
      const audit = (key) => pause(key.length)
      async function allow({ key, limit }) {
        const { hits = 0, since } = buckets.get(key) ?? { since: 1 }
        if (hits >= limit) return false
        buckets.set(key, { hits: hits + 1, since })
        await audit(key)
        return true
      }
      return Promise.all([1, 2, 3].map(() => allow({ key: 'ada', limit: 2 })))
    },
  },
  {
    name: 'a session is loaded, changed and saved by two requests',
    async racy() {
      const sessions = new Map([['s1', { views: 0, cart: [] }]])
      const store = {
        load: async (id) => (await pause(), sessions.get(id)),
        save: async (id, session) => {
          await pause()
          sessions.set(id, session)
        },
      }
      const withSession = (handler) => async (request) => {
        const session = await store.load(request.session)
        await store.save(request.session, await handler(request, session))
      }
      const add = withSession(async ({ item }, { cart, ...rest }) => ({ ...rest, cart: [...cart, item] }))
      await Promise.all([add({ session: 's1', item: 'pen' }), add({ session: 's1', item: 'ink' })])
      return sessions.get('s1').cart
    },
    async fixed() {
      const sessions = new Map([['s1', { views: 0, cart: [] }]])
      const store = {
        load: async (id) => (await pause(), sessions.get(id)),
        save: async (id, session) => {
          await pause()
          sessions.set(id, session)
        },
      }
      let turn = Promise.resolve()
      const withSession = (handler) => (request) =>
        (turn = turn.then(async () => {
          const session = await store.load(request.session)
          await store.save(request.session, await handler(request, session))
        }))
      const add = withSession(async ({ item }, { cart, ...rest }) => ({ ...rest, cart: [...cart, item] }))
      await Promise.all([add({ session: 's1', item: 'pen' }), add({ session: 's1', item: 'ink' })])
      return sessions.get('s1').cart
    },
  },
  {
    name: 'a pool: an idle connection is pinged before it is marked as taken',
    async racy() {
      const slots = ['a', 'b'].map((name) => ({ name, isBusy: false, ping: () => pause() }))
      async function take() {
        for (const slot of slots) {
          if (slot.isBusy) continue
          await slot.ping()
          slot.isBusy = true
          return slot.name
        }
        return null
      }
      return Promise.all([take(), take()])
    },
    async fixed() {
      const slots = ['a', 'b'].map((name) => ({ name, isBusy: false, ping: () => pause() }))
      async function take() {
        for (const slot of slots) {
          if (slot.isBusy) continue
          slot.isBusy = true
          await slot.ping()
          return slot.name
        }
        return null
      }
      return Promise.all([take(), take()])
    },
  },
  {
    name: 'a circuit breaker counts failures from where it was before the call',
    async racy() {
      const breaker = { failures: 0, isOpen: false }
      async function call(work) {
        const { failures, isOpen } = breaker
        if (isOpen) throw new Error('open')
        try {
          return await work()
        } catch (error) {
          breaker.failures = failures + 1
          if (breaker.failures >= 3) breaker.isOpen = true
          throw error
        }
      }
      const failing = async () => {
        await pause()
        throw new Error('refused')
      }
      return Promise.allSettled([call(failing), call(failing), call(failing)])
    },
    async fixed() {
      const breaker = { failures: 0, isOpen: false }
      async function call(work) {
        if (breaker.isOpen) throw new Error('open')
        try {
          return await work()
        } catch (error) {
          breaker.failures++
          if (breaker.failures >= 3) breaker.isOpen = true
          throw error
        }
      }
      const failing = async () => {
        await pause()
        throw new Error('refused')
      }
      return Promise.allSettled([call(failing), call(failing), call(failing)])
    },
  },
  {
    name: 'ids in blocks: two that find the block used up reserve one each',
    async racy() {
      class Ids {
        #next = 0
        #end = 0
        #blocks = 0
        async next() {
          if (this.#next === this.#end) {
            const start = await this.#reserve()
            this.#next = start
            this.#end = start + 10
          }
          return this.#next++
        }
        async #reserve() {
          const start = 10 * this.#blocks++
          await pause()
          return start
        }
      }
      const ids = new Ids()
      return Promise.all([ids.next(), ids.next()])
    },
    async fixed() {
      class Ids {
        #next = 0
        #end = 0
        #blocks = 0
        #reserving = null
        async next() {
          while (this.#next === this.#end) {
            this.#reserving ??= this.#reserve()
            await this.#reserving
          }
          return this.#next++
        }
        async #reserve() {
          const start = 10 * this.#blocks++
          await pause()
          this.#next = start
          this.#end = start + 10
          this.#reserving = null
        }
      }
      const ids = new Ids()
      return Promise.all([ids.next(), ids.next()])
    },
  },
  {
    name: 'a configuration: an older one is applied after a newer one, since it took longer to check',
    async racy() {
      const config = { version: 1, limits: {} }
      const check = ({ turns }) => pause(turns)
      async function apply({ version, limits, turns }) {
        if (version <= config.version) return false
        await check({ turns })
        Object.assign(config, { version, limits })
        return true
      }
      await Promise.all([apply({ version: 2, limits: { a: 1 }, turns: 3 }), apply({ version: 3, limits: { a: 2 }, turns: 0 })])
      return config.version
    },
    async fixed() {
      const config = { version: 1, limits: {} }
      const check = ({ turns }) => pause(turns)
      async function apply({ version, limits, turns }) {
        await check({ turns })
        if (version <= config.version) return false
        Object.assign(config, { version, limits })
        return true
      }
      await Promise.all([apply({ version: 2, limits: { a: 1 }, turns: 3 }), apply({ version: 3, limits: { a: 2 }, turns: 0 })])
      return config.version
    },
  },
  {
    name: 'a buffer of lines: what comes while the batch is sent is thrown away with it',
    async racy() {
      const lines = []
      const sent = []
      const send = async (batch) => {
        await pause(1)
        sent.push(...batch)
      }
      const log = (line) => lines.push(line)
      async function flush() {
        if (lines.length === 0) return
        await send([...lines])
        lines.splice(0)
      }
      log('a')
      const flushing = flush()
      await pause()
      log('b')
      await flushing
      return sent
    },
    async fixed() {
      const lines = []
      const sent = []
      const send = async (batch) => {
        await pause(1)
        sent.push(...batch)
      }
      const log = (line) => lines.push(line)
      async function flush() {
        if (lines.length === 0) return
        await send(lines.splice(0))
      }
      log('a')
      const flushing = flush()
      await pause()
      log('b')
      await flushing
      return sent
    },
  },
  {
    name: 'rooms of an emitter: members are counted from before the token was checked',
    async racy() {
      const rooms = { lobby: { members: 0 } }
      const door = new EventEmitter()
      const check = (token) => pause(token)
      const joined = []
      door.on('join', ({ room: { name }, token }) => {
        const { [name]: room } = rooms
        const { members } = room
        joined.push(
          check(token).then(() => {
            room.members = members + 1
          }),
        )
      })
      door.emit('join', { room: { name: 'lobby' }, token: 1 })
      door.emit('join', { room: { name: 'lobby' }, token: 2 })
      await Promise.all(joined)
      return rooms.lobby.members
    },
    async fixed() {
      const rooms = { lobby: { members: 0 } }
      const door = new EventEmitter()
      const check = (token) => pause(token)
      const joined = []
      door.on('join', ({ room: { name }, token }) => {
        const { [name]: room } = rooms
        joined.push(
          check(token).then(() => {
            room.members += 1
          }),
        )
      })
      door.emit('join', { room: { name: 'lobby' }, token: 1 })
      door.emit('join', { room: { name: 'lobby' }, token: 2 })
      await Promise.all(joined)
      return rooms.lobby.members
    },
  },
  {
    name: 'two workers look for jobs that are ready and claim the same ones',
    async racy() {
      const jobs = [1, 2, 3].map((id) => ({ id, state: 'ready', worker: null }))
      const claim = (id) => pause(id)
      async function work(worker) {
        for (const { id, state } of jobs) {
          if (state !== 'ready') continue
          await claim(id)
          const job = jobs.find((one) => one.id === id)
          job.state = 'running'
          job.worker = worker
        }
      }
      await Promise.all([work('a'), work('b')])
      return jobs
    },
    async fixed() {
      const jobs = [1, 2, 3].map((id) => ({ id, state: 'ready', worker: null }))
      const claim = (id) => pause(id)
      async function work(worker) {
        for (const job of jobs) {
          if (job.state !== 'ready') continue
          job.state = 'running'
          job.worker = worker
          await claim(job.id)
        }
      }
      await Promise.all([work('a'), work('b')])
      return jobs
    },
  },
  {
    name: 'keys of idempotent requests: the answer is noted when it is there',
    async racy() {
      const answers = new Map()
      let charges = 0
      const charge = async ({ cents }) => {
        charges += cents
        await pause()
        return { charged: cents }
      }
      const handle = async ({ headers: { key }, body }) => {
        if (answers.has(key)) return answers.get(key)
        const answer = await charge(body)
        answers.set(key, answer)
        return answer
      }
      const request = { headers: { key: 'k1' }, body: { cents: 100 } }
      await Promise.all([handle(request), handle(request)])
      return charges
    },
    async fixed() {
      const answers = new Map()
      let charges = 0
      const charge = async ({ cents }) => {
        charges += cents
        await pause()
        return { charged: cents }
      }
      const handle = async ({ headers: { key }, body }) => {
        if (!answers.has(key)) answers.set(key, charge(body))
        return answers.get(key)
      }
      const request = { headers: { key: 'k1' }, body: { cents: 100 } }
      await Promise.all([handle(request), handle(request)])
      return charges
    },
  },
  {
    name: 'a buffer of events: it is replaced after the batch was sent',
    async racy() {
      class Events {
        sent = []
        #batch = []
        add(event) {
          this.#batch.push(event)
        }
        async flush() {
          if (this.#batch.length === 0) return
          const text = this.#batch.join()
          await pause(1)
          this.sent.push(text)
          this.#batch = []
        }
      }
      const events = new Events()
      events.add('a')
      const flushing = events.flush()
      await pause()
      events.add('b')
      await flushing
      await events.flush()
      return events.sent
    },
    async fixed() {
      class Events {
        sent = []
        #batch = []
        add(event) {
          this.#batch.push(event)
        }
        async flush() {
          if (this.#batch.length === 0) return
          const text = this.#batch.join()
          this.#batch = []
          await pause(1)
          this.sent.push(text)
        }
      }
      const events = new Events()
      events.add('a')
      const flushing = events.flush()
      await pause()
      events.add('b')
      await flushing
      await events.flush()
      return events.sent
    },
  },
  {
    name: 'a tick of a loader: its keys are dropped after the query',
    async racy() {
      let keys = []
      const found = []
      const query = async (all) => (await pause(1), all.map((key) => ({ key })))
      const load = (key) => keys.push(key)
      async function tick() {
        while (keys.length > 0) {
          found.push(...(await query(keys.slice())))
          keys = []
        }
      }
      load('a')
      const ticking = tick()
      await pause()
      load('b')
      await ticking
      return found
    },
    async fixed() {
      let keys = []
      const found = []
      const query = async (all) => (await pause(1), all.map((key) => ({ key })))
      const load = (key) => keys.push(key)
      async function tick() {
        while (keys.length > 0) {
          const batch = keys
          keys = []
          found.push(...(await query(batch)))
        }
      }
      load('a')
      const ticking = tick()
      await pause()
      load('b')
      await ticking
      return found
    },
  },
  {
    name: 'a limit on concurrency by polling: the place is taken after the preparation',
    async racy() {
      let active = 0
      let most = 0
      const prepare = () => pause()
      async function run(job) {
        while (active >= 1) await pause()
        await prepare()
        active++
        most = Math.max(most, active)
        try {
          await job()
        } finally {
          active--
        }
      }
      await Promise.all([run(pause), run(pause)])
      return most
    },
    async fixed() {
      let active = 0
      let most = 0
      const prepare = () => pause()
      async function run(job) {
        while (active >= 1) await pause()
        active++
        most = Math.max(most, active)
        try {
          await prepare()
          await job()
        } finally {
          active--
        }
      }
      await Promise.all([run(pause), run(pause)])
      return most
    },
  },
  {
    name: 'deliveries that are tried again: the tries go by what the page had shown',
    async racy() {
      const rows = new Map(['a', 'b'].map((id) => [id, { id, tries: 0, isDone: false }]))
      async function* pending() {
        for (const row of rows.values()) {
          await pause()
          if (!row.isDone) yield row
        }
      }
      async function deliver(send) {
        for await (const { id, tries } of pending()) {
          const isDone = await send(id)
          const row = rows.get(id)
          row.tries = tries + 1
          row.isDone ||= isDone
        }
      }
      await Promise.all([deliver(() => pause(1)), deliver(() => pause(2))])
      return [...rows.values()]
    },
    async fixed() {
      const rows = new Map(['a', 'b'].map((id) => [id, { id, tries: 0, isDone: false }]))
      async function* pending() {
        for (const row of rows.values()) {
          await pause()
          if (!row.isDone) yield row
        }
      }
      async function deliver(send) {
        for await (const { id } of pending()) {
          const isDone = await send(id)
          const row = rows.get(id)
          row.tries++
          row.isDone ||= isDone
        }
      }
      await Promise.all([deliver(() => pause(1)), deliver(() => pause(2))])
      return [...rows.values()]
    },
  },
  {
    name: 'a profile: two changes are merged into the state from before the load',
    async racy() {
      class Profile {
        #state = { name: 'ada', theme: 'light' }
        get state() {
          return this.#state
        }
        async change(load) {
          this.#state = { ...this.#state, ...(await load()) }
        }
      }
      const profile = new Profile()
      await Promise.all([
        profile.change(async () => (await pause(), { name: 'grace' })),
        profile.change(async () => (await pause(1), { theme: 'dark' })),
      ])
      return profile.state
    },
    async fixed() {
      class Profile {
        #state = { name: 'ada', theme: 'light' }
        get state() {
          return this.#state
        }
        async change(load) {
          const change = await load()
          this.#state = { ...this.#state, ...change }
        }
      }
      const profile = new Profile()
      await Promise.all([
        profile.change(async () => (await pause(), { name: 'grace' })),
        profile.change(async () => (await pause(1), { theme: 'dark' })),
      ])
      return profile.state
    },
  },
]
