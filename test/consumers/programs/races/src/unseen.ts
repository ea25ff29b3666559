import type { Account, Bank } from './account.js'

export async function unseen(account: Account, bank: Bank): Promise<void> {
  const balance = account.balance
  await bank()
  account.balance = balance + 1
}
