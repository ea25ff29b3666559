/** The wait reason of a goroutine in probes, dumps and deadlock reports: Go's words, through any wrapper of the operation. */
import { background, chan, choose, never, select, setProbe, syncMap, withCancel, type Job, type Op } from 'millrace'
import { expect, it } from 'vitest'
import { performed } from '../support/outcome.js'
import { settle } from '../support/settle.js'

const ch = chan<number>()
const receive = () => chan<number>().receive()

const waits: readonly (readonly [string, Op<unknown>])[] = [
  ['chan send', ch.send(1)],
  ['chan receive', receive()],
  ['chan receive', receive().map(String)],
  ['chan receive', receive().attempt()],
  ['chan receive', receive().within(withCancel(background)).map(String)],
  ['select', select({ a: receive(), b: receive() })],
  ['select', select([receive(), null])],
  ['select', choose(receive(), never())],
  ['select (no cases)', select({})],
  ['select (no cases)', select({ a: null })],
  ['select (no cases)', choose()],
  ['select (no cases)', never()],
]

it.each(waits)('%s', async (words, op) => {
  expect(await waitsSeen(op)).toEqual([words])
})

it("promise, when a goroutine of the library waits for a user's promise", async () => {
  const never = new Promise<number>(() => {})
  expect(await waitsSeen(syncMap<string, number>().loadOrCompute('key', () => never))).toContain('promise')
})

/** The wait reasons that a probe sees while a goroutine performs `op`. */
async function waitsSeen(op: Op<unknown> | Job<unknown>): Promise<string[]> {
  const seen: string[] = []
  const before = setProbe({ park: (_, on) => void seen.push(on) })
  try {
    const outcome = performed(op)
    await settle()
    outcome.leave()
    await settle()
  } finally {
    setProbe(before)
  }
  return seen
}
