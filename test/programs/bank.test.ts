import { expect, it } from 'vitest'
import { chan, go, gosched, mutex, numGoroutine, range, sleep, waitGroup, type Mutex, type Op, type Receiver } from 'millrace'
import { settle } from '../support/settle.js'
import { seeded } from '../support/seeded.js'
import { queue } from '../../src/runtime/scheduler/run-queue.js'
import { virtualTime } from '../support/virtual-time.js'

interface Transfer {
  from: number
  to: number
  amount: number
}

interface Account {
  readonly lock: Mutex
  balance: number
}

function* transfers(count: number): Generator<Transfer> {
  let x = 42n
  const draw = (): number => {
    x = (1103515245n * x + 12345n) % 2n ** 31n
    return Number(x / 256n)
  }
  for (let i = 0; i < count; i++) yield { from: draw() % 10, to: draw() % 10, amount: (draw() % 50) + 1 }
}

/** Locks in the order of the index, so that no two transfers wait for each other. */
function* clerk(accounts: Account[], jobs: Receiver<Transfer>, pause: () => Op<void>) {
  for (const it = range(jobs); yield* it.next();) {
    const { from, to, amount } = it.value
    const [first, second] = [from, to].sort((a, b) => a - b).map((i) => accounts[i]) as [Account, Account]
    using _first = yield* first.lock.lock()
    using _second = first === second ? null : yield* second.lock.lock()
    yield* move(accounts[from], -amount, pause)
    yield* move(accounts[to], amount, pause)
  }
}

/** Reads, waits, writes: wrong without the lock. */
function* move(account: Account, amount: number, pause: () => Op<void>) {
  const { balance } = account
  yield* pause()
  account.balance = balance + amount
}

function* bank(pause: () => Op<void>) {
  const accounts = Array.from({ length: 10 }, (): Account => ({ lock: mutex(), balance: 1000 }))
  const jobs = chan<Transfer>()
  const wg = waitGroup()
  for (let i = 0; i < 8; i++) wg.go(clerk, accounts, jobs, pause)
  for (const transfer of transfers(1000)) yield* jobs.send(transfer)
  jobs.close()
  yield* wg.wait()
  return accounts.map(({ balance }) => balance)
}

const final = [739, 638, 1118, 1325, 1114, 1003, 894, 807, 870, 1492]

it('P-04 a thousand transfers under ordered locks leave the right balances', async () => {
  const before = numGoroutine()
  const balances = await go(bank, gosched).join()
  expect(balances).toEqual(final)
  expect(balances.reduce((a, b) => a + b)).toBe(10_000)
  await settle()
  expect(numGoroutine()).toBe(before)
})

it.each([1, 2, 3])('P-04 the balances are right under any interleaving (seed %i)', async (seed) => {
  using _chance = seeded(seed)
  using clock = virtualTime()
  const balances = go(bank, () => sleep(queue.random.below(4))).join()
  const done = balances.then((value) => value)
  await clock.advance(20_000)
  expect(await done).toEqual(final)
})
