// A table of a database in another module than the code that uses it: each query waits for a turn of the host.
const turn = () => new Promise((resume) => setImmediate(resume))

export function table() {
  const rows = new Map()
  return {
    async get(key) {
      await turn()
      return rows.get(key)
    },
    async put(key, value) {
      await turn()
      rows.set(key, value)
    },
    async increment(key, by) {
      await turn()
      rows.set(key, (rows.get(key) ?? 0) + by)
    },
  }
}
