import type { Mutex, Op } from 'millrace'

export interface Account {
  balance: number
}

export type Bank = () => Promise<void>

type Wait = () => Op<void>

type Outcome = 'paid' | 'refused'

export async function withdraw(account: Account, amount: number, bank: Bank): Promise<Outcome> {
  if (account.balance < amount) return 'refused'
  await bank()
  account.balance -= amount
  return 'paid'
}

export async function withdrawAgain(account: Account, amount: number, bank: Bank): Promise<Outcome> {
  await bank()
  if (account.balance < amount) return 'refused'
  account.balance -= amount
  return 'paid'
}

export function* lockedDeposit(account: Account, lock: Mutex, amount: number, wait: Wait) {
  const guard = yield* lock.lock()
  const balance = account.balance
  yield* wait()
  account.balance = balance + amount
  guard[Symbol.dispose]()
}

export function* deposit(account: Account, amount: number, wait: Wait) {
  const balance = account.balance
  yield* wait()
  account.balance = balance + amount
}

export async function accepted(account: Account, bank: Bank): Promise<void> {
  const balance = account.balance // race-ok: a test of allowances
  await bank()
  account.balance = balance + 1
}

export const rate = 3 // race-ok: covers nothing
