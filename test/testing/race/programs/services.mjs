// Races in the styles of services and applications, each with its fixed twin. They were written before the detector had seen them; `isMissed`
// says which of them it does not report by default. Waits are turns of the host, as in pairs.mjs.
import { EventEmitter } from 'node:events'
import { table } from './table.mjs'

async function pause(turns = 0) {
  for (let n = 0; n <= turns; n++) await new Promise((resume) => setImmediate(resume))
}

/** @type {import("./services.mjs").Service[]} */
export const services = [
  {
    name: 'a service with private fields: stock is reserved after the ledger has answered',
    async racy() {
      class Inventory {
        #stock = new Map([['pen', 10]])
        #ledger = { record: (line) => pause(line.quantity) }
        async reserve(sku, quantity) {
          const left = this.#stock.get(sku) ?? 0
          if (left < quantity) throw new RangeError(`only ${left} of ${sku}`)
          await this.#ledger.record({ sku, quantity })
          this.#stock.set(sku, left - quantity)
          return left - quantity
        }
      }
      const inventory = new Inventory()
      return Promise.all([inventory.reserve('pen', 2), inventory.reserve('pen', 3)])
    },
    async fixed() {
      class Inventory {
        #stock = new Map([['pen', 10]])
        #ledger = { record: (line) => pause(line.quantity) }
        async reserve(sku, quantity) {
          const left = this.#stock.get(sku) ?? 0
          if (left < quantity) throw new RangeError(`only ${left} of ${sku}`)
          this.#stock.set(sku, left - quantity)
          await this.#ledger.record({ sku, quantity })
          return left - quantity
        }
      }
      const inventory = new Inventory()
      return Promise.all([inventory.reserve('pen', 2), inventory.reserve('pen', 3)])
    },
  },
  {
    name: 'a cache with a Map: an entry that has expired is loaded twice',
    async racy() {
      let now = 0
      const cache = new Map()
      const load = async (key) => (await pause(1), { key, at: now })
      async function get(key) {
        const entry = cache.get(key)
        if (entry && entry.until > now) return entry.value
        const value = await load(key)
        cache.set(key, { value, until: now + 10 })
        return value
      }
      await get('a')
      now = 20
      return Promise.all([get('a'), get('a')])
    },
    async fixed() {
      let now = 0
      const cache = new Map()
      const load = async (key) => (await pause(1), { key, at: now })
      function get(key) {
        const entry = cache.get(key)
        if (entry && entry.until > now) return entry.value
        const value = load(key)
        cache.set(key, { value, until: now + 10 })
        return value
      }
      await get('a')
      now = 20
      return Promise.all([get('a'), get('a')])
    },
  },
  {
    name: 'a store as of React: what getState has returned goes back by setState',
    isMissed: true, // setState looks at the state again, so what it writes is fresh: the list in it is no place of its own
    async racy() {
      function createStore(initial) {
        let state = initial
        const listeners = new Set()
        return {
          getState: () => state,
          setState(partial) {
            state = { ...state, ...partial }
            for (const listener of listeners) listener(state)
          },
          subscribe(listener) {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
        }
      }
      const store = createStore({ todos: [] })
      const api = { save: async (text, turns) => (await pause(turns), { text }) }
      async function addTodo(text, turns) {
        const { todos } = store.getState()
        const saved = await api.save(text, turns)
        store.setState({ todos: [...todos, saved] })
      }
      await Promise.all([addTodo('milk', 1), addTodo('bread', 2)])
      return store.getState().todos.length
    },
    async fixed() {
      function createStore(initial) {
        let state = initial
        const listeners = new Set()
        return {
          getState: () => state,
          setState(partial) {
            state = { ...state, ...partial }
            for (const listener of listeners) listener(state)
          },
          subscribe(listener) {
            listeners.add(listener)
            return () => listeners.delete(listener)
          },
        }
      }
      const store = createStore({ todos: [] })
      const api = { save: async (text, turns) => (await pause(turns), { text }) }
      async function addTodo(text, turns) {
        const saved = await api.save(text, turns)
        const { todos } = store.getState()
        store.setState({ todos: [...todos, saved] })
      }
      await Promise.all([addTodo('milk', 1), addTodo('bread', 2)])
      return store.getState().todos.length
    },
  },
  {
    name: 'a queue of retries that two drains work off',
    async racy() {
      class RetryQueue {
        #jobs = []
        sent = []
        push(job) {
          this.#jobs.push({ job, tries: 0 })
        }
        async drain(send) {
          while (this.#jobs.length > 0) {
            const first = this.#jobs[0]
            try {
              await send(first.job)
              this.sent.push(first.job)
              this.#jobs.shift()
            } catch {
              if (++first.tries === 3) this.#jobs.shift()
            }
          }
        }
      }
      const queue = new RetryQueue()
      for (const job of ['a', 'b', 'c']) queue.push(job)
      await Promise.all([queue.drain(() => pause(1)), queue.drain(() => pause(1))])
      return queue.sent
    },
    async fixed() {
      class RetryQueue {
        #jobs = []
        sent = []
        push(job) {
          this.#jobs.push({ job, tries: 0 })
        }
        async drain(send) {
          while (this.#jobs.length > 0) {
            const first = this.#jobs.shift()
            try {
              await send(first.job)
              this.sent.push(first.job)
            } catch {
              if (++first.tries < 3) this.#jobs.push(first)
            }
          }
        }
      }
      const queue = new RetryQueue()
      for (const job of ['a', 'b', 'c']) queue.push(job)
      await Promise.all([queue.drain(() => pause(1)), queue.drain(() => pause(1))])
      return queue.sent
    },
  },
  {
    name: 'an index into an array that another removal has moved',
    async racy() {
      const todos = ['a', 'b', 'c'].map((id) => ({ id }))
      const api = { remove: (id) => pause(id === 'a' ? 1 : 2) }
      async function remove(id) {
        const index = todos.findIndex((todo) => todo.id === id)
        if (index < 0) return
        await api.remove(id)
        todos.splice(index, 1)
      }
      await Promise.all([remove('a'), remove('b')])
      return todos.map(({ id }) => id)
    },
    async fixed() {
      const todos = ['a', 'b', 'c'].map((id) => ({ id }))
      const api = { remove: (id) => pause(id === 'a' ? 1 : 2) }
      async function remove(id) {
        await api.remove(id)
        const index = todos.findIndex((todo) => todo.id === id)
        if (index >= 0) todos.splice(index, 1)
      }
      await Promise.all([remove('a'), remove('b')])
      return todos.map(({ id }) => id)
    },
  },
  {
    name: 'an emitter against a task: bytes that came while the sum was sent are lost',
    isMissed: true, // the zero comes of no read
    async racy() {
      const upload = new EventEmitter()
      const stats = { bytes: 0, reported: 0 }
      upload.on('progress', (size) => {
        stats.bytes += size
      })
      async function report() {
        const { bytes } = stats
        await pause(2)
        stats.reported += bytes
        stats.bytes = 0
      }
      async function source() {
        for (let n = 0; n < 3; n++) {
          upload.emit('progress', 100)
          await pause(0)
        }
      }
      await Promise.all([source(), report()])
      return stats.bytes + stats.reported
    },
    async fixed() {
      const upload = new EventEmitter()
      const stats = { bytes: 0, reported: 0 }
      upload.on('progress', (size) => {
        stats.bytes += size
      })
      async function report() {
        const { bytes } = stats
        stats.bytes = 0
        await pause(2)
        stats.reported += bytes
      }
      async function source() {
        for (let n = 0; n < 3; n++) {
          upload.emit('progress', 100)
          await pause(0)
        }
      }
      await Promise.all([source(), report()])
      return stats.bytes + stats.reported
    },
  },
  {
    name: 'a debounced save: an edit during the save is no longer marked',
    async racy() {
      class Draft {
        text = ''
        isDirty = false
        timer = null
        saved = []
        edit(text) {
          this.text = text
          this.isDirty = true
          clearTimeout(this.timer)
          this.timer = setTimeout(() => void this.save(), 1)
        }
        async save() {
          if (!this.isDirty) return
          this.saved.push(this.text)
          await pause(3)
          this.isDirty = false
        }
      }
      const draft = new Draft()
      draft.edit('a')
      const saving = draft.save()
      await pause(0)
      draft.edit('ab')
      await saving
      clearTimeout(draft.timer)
      await draft.save()
      return draft.saved
    },
    async fixed() {
      class Draft {
        text = ''
        isDirty = false
        timer = null
        saved = []
        edit(text) {
          this.text = text
          this.isDirty = true
          clearTimeout(this.timer)
          this.timer = setTimeout(() => void this.save(), 1)
        }
        async save() {
          if (!this.isDirty) return
          this.isDirty = false
          this.saved.push(this.text)
          await pause(3)
        }
      }
      const draft = new Draft()
      draft.edit('a')
      const saving = draft.save()
      await pause(0)
      draft.edit('ab')
      await saving
      clearTimeout(draft.timer)
      await draft.save()
      return draft.saved
    },
  },
  {
    name: 'a token is refreshed by each request that finds it expired',
    async racy() {
      let refreshes = 0
      class Session {
        token = null
        expiresAt = 0
        async refresh() {
          await pause(1)
          return { token: `t${++refreshes}`, expiresIn: 60 }
        }
        async authorize(now) {
          if (this.expiresAt <= now) {
            const { token, expiresIn } = await this.refresh()
            this.token = token
            this.expiresAt = now + expiresIn
          }
          return `Bearer ${this.token}`
        }
      }
      const session = new Session()
      return Promise.all([session.authorize(1), session.authorize(2)])
    },
    async fixed() {
      let refreshes = 0
      class Session {
        expiresAt = 0
        refreshing = null
        async refresh() {
          await pause(1)
          return { token: `t${++refreshes}`, expiresIn: 60 }
        }
        async authorize(now) {
          if (this.expiresAt <= now) {
            this.expiresAt = now + 60
            this.refreshing = this.refresh()
          }
          const { token } = await this.refreshing
          return `Bearer ${token}`
        }
      }
      const session = new Session()
      return Promise.all([session.authorize(1), session.authorize(2)])
    },
  },
  {
    name: 'a cursor of pages: two readers get the same page',
    async racy() {
      const fetchPage = async (cursor) => (await pause(cursor === 0 ? 1 : 2), { items: [cursor, cursor + 1], next: cursor + 2 })
      class Pages {
        cursor = 0
        async next() {
          const { items, next } = await fetchPage(this.cursor)
          this.cursor = next
          return items
        }
      }
      const pages = new Pages()
      return Promise.all([pages.next(), pages.next()])
    },
    async fixed() {
      const fetchPage = async (cursor) => (await pause(cursor === 0 ? 1 : 2), { items: [cursor, cursor + 1], next: cursor + 2 })
      class Pages {
        cursor = 0
        last = Promise.resolve()
        next() {
          const page = this.last.then(async () => {
            const { items, next } = await fetchPage(this.cursor)
            this.cursor = next
            return items
          })
          this.last = page
          return page
        }
      }
      const pages = new Pages()
      return Promise.all([pages.next(), pages.next()])
    },
  },
  {
    name: 'a counter in a table, through the functions of another module',
    async racy() {
      const counters = table()
      async function visit(page) {
        const visits = (await counters.get(page)) ?? 0
        await counters.put(page, visits + 1)
      }
      await Promise.all([visit('/'), visit('/')])
      return counters.get('/')
    },
    async fixed() {
      const counters = table()
      async function visit(page) {
        await counters.increment(page, 1)
      }
      await Promise.all([visit('/'), visit('/')])
      return counters.get('/')
    },
  },
  {
    name: 'a pool of connections opens more than its limit',
    async racy() {
      class Pool {
        limit = 2
        open = 0
        idle = []
        async acquire() {
          if (this.idle.length > 0) return this.idle.pop()
          if (this.open >= this.limit) throw new Error('the pool is exhausted')
          const connection = await this.connect()
          this.open++
          return connection
        }
        async connect() {
          await pause(1)
          return {}
        }
      }
      const pool = new Pool()
      await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()])
      return pool.open
    },
    async fixed() {
      class Pool {
        limit = 3
        open = 0
        idle = []
        async acquire() {
          if (this.idle.length > 0) return this.idle.pop()
          if (this.open >= this.limit) throw new Error('the pool is exhausted')
          this.open++
          try {
            return await this.connect()
          } catch (error) {
            this.open--
            throw error
          }
        }
        async connect() {
          await pause(1)
          return {}
        }
      }
      const pool = new Pool()
      await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()])
      return pool.open
    },
  },
  {
    name: 'an order that is paid twice: its status is looked at before the charge',
    async racy() {
      const charged = []
      const orders = new Map([['o1', { id: 'o1', status: 'open', total: 30 }]])
      const payments = {
        async charge({ id, total }) {
          await pause(1)
          charged.push(`${id}: ${total}`)
        },
      }
      async function pay(id) {
        const order = orders.get(id)
        if (order.status !== 'open') throw new Error(`order ${id} is ${order.status}`)
        await payments.charge(order)
        order.status = 'paid'
      }
      await Promise.all([pay('o1'), pay('o1')])
      return charged
    },
    async fixed() {
      const charged = []
      const orders = new Map([['o1', { id: 'o1', status: 'open', total: 30 }]])
      const payments = {
        async charge({ id, total }) {
          await pause(1)
          charged.push(`${id}: ${total}`)
        },
      }
      async function pay(id) {
        const order = orders.get(id)
        if (order.status !== 'open') throw new Error(`order ${id} is ${order.status}`)
        order.status = 'paying'
        await payments.charge(order)
        order.status = 'paid'
      }
      await Promise.allSettled([pay('o1'), pay('o1')])
      return charged
    },
  },
]
