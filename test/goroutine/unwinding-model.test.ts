import fc from 'fast-check'
import { chan, go, gosched, type Body, type Op } from 'millrace'
import { expect, it } from 'vitest'
import { done, performed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'
import { expected, programs, sourceOf, UNWOUND, type Program } from './nested-programs.js'

type Made = Body<[(line: string) => void, () => Op<unknown>, () => Op<unknown>, () => Op<unknown>], unknown>

const { constructor: GeneratorFunction } = Object.getPrototypeOf(function* () {}) as { constructor: new (...source: string[]) => Made }

/** Runs the program; every wait is granted in turn, except the canceled one. */
async function run({ body, cancelAt, when }: Program) {
  const log: string[] = []
  const [gate, spare] = [chan<number>(), chan<number>(1000)]
  let waits = 0
  const wait = () => (waits++, gate.receive())
  const made = new GeneratorFunction('log', 'wait', 'ready', 'turn', sourceOf(body))
  const goroutine = go(
    made,
    (line) => log.push(line),
    wait,
    () => spare.send(0),
    gosched,
  )
  const join = performed(goroutine.join())
  await settle()
  for (let granted = 0; join.now.is === 'waiting'; granted++) {
    const isHere = granted === cancelAt
    if (isHere && when === 'parked') goroutine.cancel()
    else expect(gate.trySend(granted)).toBe(true)
    if (isHere) goroutine.cancel()
    await settle()
  }
  expect(waits).toBeLessThan(1000)
  return { log, end: join.now }
}

it('the unwinding of any nesting of helpers, try, catch and finally happens in the order of the naive model', async () => {
  let [unwound, overridden, caught] = [0, 0, 0]
  await fc.assert(
    fc.asyncProperty(programs, async (program) => {
      const { log, end } = expected(program)
      const real = await run(program)
      expect(real.log).toEqual(log)
      const isUnwound = end.value === UNWOUND
      if (isUnwound) expect(real.end).toEqual(thrown(expect.objectContaining({ name: 'CanceledError' })))
      else expect(real.end).toEqual(end.by === 'return' ? done(end.value) : thrown(end.value))
      if (isUnwound) unwound++
      else if (log.some((line) => line.endsWith('cleans up'))) overridden++
      if (log.some((line) => line.includes('catches'))) caught++
    }),
    {
      numRuns: 500,
      reporter: (it) => {
        if (!it.failed) return
        const [program] = it.counterexample ?? []
        const text = program && `cancel at wait ${program.cancelAt}, while ${program.when}, of\n${sourceOf(program.body)}\n`
        throw new Error(`${text ?? ''}\n${fc.defaultReportMessage(it) ?? ''}`)
      },
    },
  )
  // The drawn programs cover the interesting cases.
  expect(unwound).toBeGreaterThan(50)
  expect(overridden).toBeGreaterThan(20)
  expect(caught).toBeGreaterThan(10)
})
