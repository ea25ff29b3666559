import { background, gosched, mutex, waitGroup } from 'millrace'
import { collect, fromIterable, workerPool } from 'millrace/operators'
import { describe, expect, test, vi } from 'vitest'
import { accepted, deposit, lockedDeposit, withdraw, withdrawAgain, type Account } from './account.js'
import { rateOf } from './rate.js'
import { unseen } from './unseen.js'

vi.mock('./rate.js', () => ({ rateOf: () => mocked }))
const mocked = vi.hoisted(() => 5)

interface Given {
  readonly balance: number
}

const account = ({ balance }: Given): Account => ({ balance })
const bank = (): Promise<void> => new Promise((resume) => setTimeout(resume, 1))

describe('plain async code', () => {
  test('a lost update', async () => {
    const one = account({ balance: 100 })
    await Promise.all([withdraw(one, 80, bank), withdraw(one, 80, bank)])
  })

  test('a lost update, repaired', async () => {
    const one = account({ balance: 100 })
    await Promise.all([withdrawAgain(one, 80, bank), withdrawAgain(one, 80, bank)])
    expect(one.balance).toBe(20)
  })

  test('an accepted race', async () => {
    const one = account({ balance: 100 })
    await Promise.all([accepted(one, bank), accepted(one, bank)])
  })

  test('an ignored place', async () => {
    const stats = { last: 0 }
    const note = async () => {
      const last = stats.last
      await bank()
      stats.last = last + 1
    }
    await Promise.all([note(), note()])
  })

  test('an excluded file', async () => {
    const one = account({ balance: 100 })
    await Promise.all([unseen(one, bank), unseen(one, bank)])
  })
})

describe('goroutines', () => {
  test('a lost deposit', async () => {
    const one = account({ balance: 0 })
    const both = waitGroup()
    for (const amount of [10, 20]) both.go(deposit, one, amount, gosched)
    await both.wait()
  })

  test('a lost deposit, repaired', async () => {
    const one = account({ balance: 0 })
    const [both, lock] = [waitGroup(), mutex()]
    for (const amount of [10, 20]) both.go(lockedDeposit, one, lock, amount, gosched)
    await both.wait()
    expect(one.balance).toBe(30)
  })

  test('operators', async () => {
    const seen = { sum: 0 }
    const add = async (n: number) => {
      const sum = seen.sum
      await bank()
      seen.sum = sum + n
    }
    await collect(background, fromIterable([1, 2, 3]).pipe(workerPool(2, add))).join()
  })
})

test('mocks are hoisted', () => {
  expect(rateOf()).toBe(5)
})

test('a failure has its place', () => {
  const given: Given = { balance: 1 }
  expect(account(given).balance).toBe(2)
})
