// No package's fault: two tasks of a limit of 2 lose an update. The detector that is silent above reports this one.
import { setTimeout as pause } from 'node:timers/promises'
import pLimit from 'p-limit'

const limit = pLimit(2)
const total = { cents: 0 }
const add = async (cents) => {
  const before = total.cents
  await pause(1)
  total.cents = before + cents
}
await Promise.all([limit(add, 1), limit(add, 2)])
