// Races of plain async code, each with its fixed twin. They are plain JavaScript, which the tests and the loader instrument.
// Waits are turns of the host: their order is the same in each run.

/** @param {number} [turns] */
export async function pause(turns = 0) {
  for (let n = 0; n <= turns; n++) await new Promise((resume) => setImmediate(resume))
}

/** @type {import("./pairs.mjs").Pair[]} */
export const pairs = [
  {
    name: 'lost update: total += await price()',
    async racy() {
      let total = 0
      const price = async (n) => (await pause(n), n)
      const add = async (n) => {
        total += await price(n)
      }
      await Promise.all([1, 2, 3].map(add))
      return total
    },
    async fixed() {
      let total = 0
      const price = async (n) => (await pause(n), n)
      const add = async (n) => {
        const one = await price(n)
        total += one
      }
      await Promise.all([1, 2, 3].map(add))
      return total
    },
  },
  {
    name: 'lost update of a property, by a local',
    async racy() {
      const stats = { hits: 0 }
      async function hit(turns) {
        const hits = stats.hits
        await pause(turns)
        stats.hits = hits + 1
      }
      await Promise.all([hit(1), hit(2)])
      return stats.hits
    },
    async fixed() {
      const stats = { hits: 0 }
      async function hit(turns) {
        await pause(turns)
        stats.hits = stats.hits + 1
      }
      await Promise.all([hit(1), hit(2)])
      return stats.hits
    },
  },
  {
    name: 'check then act: two withdrawals',
    async racy() {
      const account = { balance: 100 }
      async function withdraw(amount) {
        if (account.balance < amount) return false
        await pause(1)
        account.balance -= amount
        return true
      }
      await Promise.all([withdraw(80), withdraw(80)])
      return account.balance
    },
    async fixed() {
      const account = { balance: 100 }
      async function withdraw(amount) {
        await pause(1)
        if (account.balance < amount) return false
        account.balance -= amount
        return true
      }
      await Promise.all([withdraw(80), withdraw(80)])
      return account.balance
    },
  },
  {
    name: 'check then act: the last seat',
    async racy() {
      const seats = new Map([['1A', null]])
      async function book(seat, who) {
        if (seats.get(seat) !== null) return false
        await pause(1)
        seats.set(seat, who)
        return true
      }
      return Promise.all([book('1A', 'ada'), book('1A', 'grace')])
    },
    async fixed() {
      const seats = new Map([['1A', null]])
      async function book(seat, who) {
        await pause(1)
        if (seats.get(seat) !== null) return false
        seats.set(seat, who)
        return true
      }
      return Promise.all([book('1A', 'ada'), book('1A', 'grace')])
    },
  },
  {
    name: 'stampede: has, wait, set',
    async racy() {
      const cache = new Map()
      async function user(id) {
        if (!cache.has(id)) {
          await pause(1)
          cache.set(id, { id })
        }
        return cache.get(id)
      }
      return Promise.all([user('a'), user('a')])
    },
    async fixed() {
      const cache = new Map()
      async function load(id) {
        await pause(1)
        return { id }
      }
      async function user(id) {
        let one = cache.get(id)
        if (one === undefined) cache.set(id, (one = load(id)))
        return one
      }
      return Promise.all([user('a'), user('a')])
    },
  },
  {
    name: 'stampede in a record',
    async racy() {
      const cache = {}
      async function page(url) {
        cache[url] ??= await download(url)
        return cache[url]
      }
      async function download(url) {
        await pause(1)
        return url.length
      }
      return Promise.all([page('/'), page('/')])
    },
    async fixed() {
      const cache = {}
      async function page(url) {
        cache[url] ??= download(url)
        return cache[url]
      }
      async function download(url) {
        await pause(1)
        return url.length
      }
      return Promise.all([page('/'), page('/')])
    },
  },
  {
    name: 'double initialisation of a field',
    async racy() {
      let made = 0
      class Client {
        connection
        async use() {
          if (!this.connection) this.connection = await this.connect()
          return this.connection.n
        }
        async connect() {
          await pause(1)
          return { n: ++made }
        }
      }
      const client = new Client()
      return Promise.all([client.use(), client.use()])
    },
    async fixed() {
      let made = 0
      class Client {
        connection
        async use() {
          this.connection ??= this.connect()
          return (await this.connection).n
        }
        async connect() {
          await pause(1)
          return { n: ++made }
        }
      }
      const client = new Client()
      return Promise.all([client.use(), client.use()])
    },
  },
  {
    name: 'double initialisation of a module variable',
    async racy() {
      let config = null
      async function settings() {
        if (config === null) {
          await pause(1)
          config = { port: 80 }
        }
        return config
      }
      return Promise.all([settings(), settings()])
    },
    async fixed() {
      let config = null
      async function load() {
        await pause(1)
        return { port: 80 }
      }
      function settings() {
        if (config === null) config = load()
        return config
      }
      return Promise.all([settings(), settings()])
    },
  },
  {
    name: 'double initialisation of a private field',
    async racy() {
      class Pool {
        #size = 0
        async grow() {
          const size = this.#size
          await pause(1)
          this.#size = size + 1
        }
        get size() {
          return this.#size
        }
      }
      const pool = new Pool()
      await Promise.all([pool.grow(), pool.grow()])
      return pool.size
    },
    async fixed() {
      class Pool {
        #size = 0
        async grow() {
          await pause(1)
          this.#size++
        }
        get size() {
          return this.#size
        }
      }
      const pool = new Pool()
      await Promise.all([pool.grow(), pool.grow()])
      return pool.size
    },
  },
  {
    name: 'stale closure: a snapshot written back by a callback',
    async racy() {
      let count = 0
      function later(turns) {
        const seen = count
        return new Promise((done) => {
          const turn = (left) => {
            if (left > 0) setImmediate(() => turn(left - 1))
            else {
              count = seen + 1
              done()
            }
          }
          turn(turns)
        })
      }
      await Promise.all([later(1), later(3)])
      return count
    },
    async fixed() {
      let count = 0
      function later(turns) {
        return new Promise((done) => {
          const turn = (left) => {
            if (left > 0) setImmediate(() => turn(left - 1))
            else {
              count = count + 1
              done()
            }
          }
          turn(turns)
        })
      }
      await Promise.all([later(1), later(3)])
      return count
    },
  },
  {
    name: 'stale closure: by then',
    async racy() {
      let version = 1
      function bump(turns) {
        const seen = version
        return pause(turns).then(() => {
          version = seen + 1
        })
      }
      await Promise.all([bump(1), bump(2)])
      return version
    },
    async fixed() {
      let version = 1
      function bump(turns) {
        return pause(turns).then(() => {
          version = version + 1
        })
      }
      await Promise.all([bump(1), bump(2)])
      return version
    },
  },
  {
    name: 'an object written back: state = { ...state, … }',
    async racy() {
      let state = {}
      async function put(key, turns) {
        const before = state
        await pause(turns)
        state = { ...before, [key]: turns }
      }
      await Promise.all([put('a', 1), put('b', 2)])
      return Object.keys(state).length
    },
    async fixed() {
      let state = {}
      async function put(key, turns) {
        await pause(turns)
        state = { ...state, [key]: turns }
      }
      await Promise.all([put('a', 1), put('b', 2)])
      return Object.keys(state).length
    },
  },
  {
    name: 'an object written back: the wait stands in the literal',
    async racy() {
      const store = { state: {} }
      async function put(key, turns) {
        store.state = { ...store.state, [key]: await value(turns) }
      }
      const value = async (turns) => (await pause(turns), turns)
      await Promise.all([put('a', 1), put('b', 2)])
      return Object.keys(store.state).length
    },
    async fixed() {
      const store = { state: {} }
      async function put(key, turns) {
        const one = await value(turns)
        store.state = { ...store.state, [key]: one }
      }
      const value = async (turns) => (await pause(turns), turns)
      await Promise.all([put('a', 1), put('b', 2)])
      return Object.keys(store.state).length
    },
  },
  {
    name: 'an array written back',
    async racy() {
      let log = []
      async function append(line, turns) {
        const lines = log
        await pause(turns)
        log = lines.concat(line)
      }
      await Promise.all([append('a', 1), append('b', 2)])
      return log.length
    },
    async fixed() {
      let log = []
      async function append(line, turns) {
        await pause(turns)
        log = log.concat(line)
      }
      await Promise.all([append('a', 1), append('b', 2)])
      return log.length
    },
  },
  {
    name: 'a count in a Map',
    async racy() {
      const counts = new Map()
      async function count(word, turns) {
        const n = counts.get(word) ?? 0
        await pause(turns)
        counts.set(word, n + 1)
      }
      await Promise.all([count('a', 1), count('a', 2)])
      return counts.get('a')
    },
    async fixed() {
      const counts = new Map()
      async function count(word, turns) {
        await pause(turns)
        counts.set(word, (counts.get(word) ?? 0) + 1)
      }
      await Promise.all([count('a', 1), count('a', 2)])
      return counts.get('a')
    },
  },
  {
    name: 'a Set: has, wait, add',
    async racy() {
      const names = new Set()
      let sent = 0
      async function register(name) {
        if (names.has(name)) return
        await pause(1)
        names.add(name)
        sent++
      }
      await Promise.all([register('ada'), register('ada')])
      return sent
    },
    async fixed() {
      const names = new Set()
      let sent = 0
      async function register(name) {
        if (names.has(name)) return
        names.add(name)
        await pause(1)
        sent++
      }
      await Promise.all([register('ada'), register('ada')])
      return sent
    },
  },
  {
    name: 'an element of an array',
    async racy() {
      const scores = [0, 0]
      async function win(player, turns) {
        const score = scores[player]
        await pause(turns)
        scores[player] = score + 1
      }
      await Promise.all([win(0, 1), win(0, 2)])
      return scores[0]
    },
    async fixed() {
      const scores = [0, 0]
      async function win(player, turns) {
        await pause(turns)
        scores[player] += 1
      }
      await Promise.all([win(0, 1), win(0, 2)])
      return scores[0]
    },
  },
  {
    name: 'a stale index: the length before the wait',
    async racy() {
      const list = []
      async function add(item, turns) {
        const at = list.length
        await pause(turns)
        list[at] = item
      }
      await Promise.all([add('a', 1), add('b', 2)])
      return list.length
    },
    async fixed() {
      const list = []
      async function add(item, turns) {
        await pause(turns)
        list.push(item)
      }
      await Promise.all([add('a', 1), add('b', 2)])
      return list.length
    },
  },
  {
    name: 'a compound assignment with a wait on the right',
    async racy() {
      const cart = { total: 0 }
      const priceOf = async (turns) => (await pause(turns), 10)
      async function add(turns) {
        cart.total += await priceOf(turns)
      }
      await Promise.all([add(1), add(2)])
      return cart.total
    },
    async fixed() {
      const cart = { total: 0 }
      const priceOf = async (turns) => (await pause(turns), 10)
      async function add(turns) {
        const price = await priceOf(turns)
        cart.total += price
      }
      await Promise.all([add(1), add(2)])
      return cart.total
    },
  },
  {
    name: 'an event handler against a task',
    async racy() {
      const session = { messages: 0 }
      const listeners = []
      listeners.push(() => {
        session.messages = session.messages + 1
      })
      async function sync() {
        const known = session.messages
        await pause(3)
        session.messages = known + 10
      }
      async function network() {
        await pause(1)
        for (const listener of listeners) listener()
      }
      await Promise.all([sync(), network()])
      return session.messages
    },
    async fixed() {
      const session = { messages: 0 }
      const listeners = []
      listeners.push(() => {
        session.messages = session.messages + 1
      })
      async function sync() {
        await pause(3)
        session.messages = session.messages + 10
      }
      async function network() {
        await pause(1)
        for (const listener of listeners) listener()
      }
      await Promise.all([sync(), network()])
      return session.messages
    },
  },
  {
    name: 'an early exit before the wait: one job at a time',
    async racy() {
      const job = { isRunning: false, runs: 0 }
      async function start() {
        if (job.isRunning) return
        await pause(1)
        job.isRunning = true
        job.runs++
      }
      await Promise.all([start(), start()])
      return job.runs
    },
    async fixed() {
      const job = { isRunning: false, runs: 0 }
      async function start() {
        if (job.isRunning) return
        job.isRunning = true
        job.runs++
        await pause(1)
      }
      await Promise.all([start(), start()])
      return job.runs
    },
  },
  {
    name: 'a stock that is checked in a loop',
    async racy() {
      const stock = { left: 1 }
      async function sell() {
        while (stock.left > 0) {
          await pause(1)
          stock.left--
        }
      }
      await Promise.all([sell(), sell()])
      return stock.left
    },
    async fixed() {
      const stock = { left: 1 }
      async function sell() {
        while (stock.left > 0) {
          stock.left--
          await pause(1)
        }
      }
      await Promise.all([sell(), sell()])
      return stock.left
    },
  },
  {
    name: 'through a helper that reads and waits',
    async racy() {
      const db = { last: 0 }
      async function read() {
        await pause(1)
        return db.last
      }
      async function next() {
        const id = (await read()) + 1
        await pause(1)
        db.last = id
        return id
      }
      return Promise.all([next(), next()])
    },
    async fixed() {
      const db = { last: 0 }
      async function next() {
        await pause(1)
        return ++db.last
      }
      return Promise.all([next(), next()])
    },
  },
  {
    name: 'search as you type: the later answer wins',
    onlyAll: true,
    async racy() {
      const page = { shown: '' }
      async function search(query, turns) {
        await pause(turns)
        page.shown = query
      }
      await Promise.all([search('m', 3), search('mi', 1)])
      return page.shown
    },
    async fixed() {
      const page = { query: '', shown: '' }
      async function search(query, turns) {
        page.query = query
        await pause(turns)
        if (page.query === query) page.shown = query
      }
      await search('m', 3)
      await search('mi', 1)
      return page.shown
    },
  },
]
