/** A result that cannot be read ends its goroutine with the error of the reading, as `await` makes a rejection of it. */
import { errgroup, go, numGoroutine, pool, waitGroup, workers, chan, type Op } from 'millrace'
import { describe, expect, it } from 'vitest'
import { performed } from '../support/outcome.js'
import { settle } from '../support/settle.js'

const fault = new Error('getter')
const throwing = (...names: string[]): object => {
  const get = (_: object, name: string | symbol) => {
    if (names.includes(name as string)) throw fault
    return name === 'then' ? undefined : () => undefined
  }
  return new Proxy({}, { get })
}
const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
class Strange extends Promise<number> {
  override then(): never {
    throw fault
  }
}
class Nameless extends Promise<number> {
  static override get [Symbol.species](): never {
    throw fault
  }
}

const results: Record<string, () => unknown> = {
  'a getter `then` that throws': () => throwing('then'),
  'a getter `next` that throws': () => throwing('next'),
  'a getter `return` that throws': () => throwing('return'),
  'a getter `throw` that throws': () => throwing('throw'),
  'a revoked proxy': revoked,
  'a promise whose `then` throws': () => Strange.resolve(1),
  'a promise whose species throws': () => new Nameless((resolve) => resolve(1)),
  'a thenable that throws': () => ({
    then: () => {
      throw fault
    },
  }),
}

const places: Record<string, (make: () => unknown) => Op<unknown>> = {
  go: (make) => go(make).join(),
  waitGroup: (make) => {
    const wg = waitGroup()
    wg.go(make)
    return wg.wait()
  },
  errgroup: (make) => {
    const group = errgroup()
    group.go(make)
    return group.wait()
  },
  pool: (make) => {
    const tasks = pool<unknown>({ size: 1 })
    tasks.go(make)
    tasks.go(() => 2)
    return tasks.wait()
  },
  workers: (make) => {
    const jobs = chan<number>(1)
    jobs.trySend(1)
    jobs.close()
    return workers(1, jobs, make).receive()
  },
}

describe.each(Object.entries(places))('%s', (_, run) => {
  it.each(Object.entries(results))('with %s ends with the error, and leaves nothing behind', async (_, make) => {
    const before = numGoroutine()
    const end = performed(run(make))
    await settle()
    await settle()
    expect(end.now.is).toBe('thrown')
    expect(numGoroutine()).toBe(before)
  })
})
