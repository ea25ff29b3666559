/** The calls of a queue, two at a time, against a server that gives what it has: random programs. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { chan, go, type Chan } from 'millrace'
import { bubble } from 'millrace/testing'
import { Takes } from '../../src/adapters/broker/takes.js'

const step = fc.oneof(
  fc.record({ do: fc.constant('ask' as const), n: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ do: fc.constant('store' as const), n: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ do: fc.constant('answer' as const), n: fc.nat(1) }), // of the older call, or of the newer one
  fc.record({ do: fc.constant('settle' as const), n: fc.integer({ min: 1, max: 90 }) }),
)

it('never asks for more than there is place for, and takes each message that there is place for', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 120 }), async (steps, window) => {
      await bubble(function* () {
        const held = { size: 0 }
        const takes = new Takes(window, held)
        let [stored, asked, taken, coming] = [0, 0, 0, 0]
        const calls: { readonly n: number; readonly answered: Chan<void> }[] = []
        const began = (): void => {
          if ((calls.length === 0 && takes.mayHave && takes.places > 0) || (calls.length === 1 && takes.isBeside)) {
            go(function* () {
              const { taken: found, end } = yield* takes.take(function* (most) {
                const n = Math.min(most, stored) // at the server the call sees the messages of this moment
                stored -= n
                const call = { n, answered: chan<void>(1) }
                calls.push(call)
                coming += most
                expect(held.size + coming).toBeLessThanOrEqual(window)
                expect(taken + coming).toBeLessThanOrEqual(asked)
                yield* call.answered.receive()
                coming -= most
                return Array.from({ length: n }, () => null)
              })
              takes.ended(end, false)
              for (const _ of found) {
                takes.delivered()
                held.size++
                taken++
              }
            })
          }
        }
        const turn = function* (): Generator<never, void> {
          for (let i = 0; i < 4; i++) {
            began()
            yield* go(function* () {}).join()
          }
        }
        const answer = (i: number): void => {
          const [call] = calls.splice(Math.min(i, calls.length - 1), 1)
          call.answered.trySend()
        }
        for (const { do: what, n } of steps) {
          if (what === 'ask') {
            asked += n
            takes.request(n)
          }
          if (what === 'store') {
            stored += n
            takes.hasNews()
          }
          if (what === 'answer' && calls.length > 0) answer(n)
          if (what === 'settle') held.size -= Math.min(n, held.size)
          yield* turn()
        }
        for (let i = 0; i < 500 && (calls.length > 0 || i < 3); i++) {
          if (calls.length > 0) answer(0)
          yield* turn()
        }
        expect(stored === 0 || taken === asked || held.size === window).toBe(true)
      })
    }),
    { numRuns: 300 },
  ))
