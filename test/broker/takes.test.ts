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

/** A call under way: what it brings, what it was made for, and how it is answered and ends. */
interface Call {
  readonly n: number
  readonly most: number
  readonly answered: Chan<number>
  readonly ended: Chan<number>
}

function* receive(values: Chan<number>): Generator<never, number> {
  const got = yield* values.receive()
  if (got._tag === 'None') throw new Error('the channel was closed')
  return got.value
}

it('never asks for more than there is place for, and takes each message that there is place for', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 120 }), async (steps, window) => {
      await bubble(function* () {
        const held = { size: 0 }
        const takes = new Takes(window, held)
        const calls: Call[] = []
        let [stored, asked, taken, coming] = [0, 0, 0, 0]
        const begin = function* (): Generator<never, void> {
          const [began, answered, ended] = [chan<number>(), chan<number>(), chan<number>()]
          go(function* () {
            const { taken: found, end } = yield* takes.take(function* (most) {
              yield* began.send(most)
              return Array.from({ length: yield* receive(answered) }, () => null)
            })
            takes.ended(end, false)
            yield* ended.send(found.length)
          })
          const most = yield* receive(began)
          const n = Math.min(most, stored) // at the server the call sees the messages of this moment
          stored -= n
          coming += most
          expect(held.size + coming).toBeLessThanOrEqual(window)
          expect(taken + coming).toBeLessThanOrEqual(asked)
          calls.push({ n, most, answered, ended })
        }
        const beginAll = function* (): Generator<never, void> {
          while ((calls.length === 0 && takes.mayHave && takes.places > 0) || (calls.length === 1 && takes.isBeside)) {
            yield* begin()
          }
        }
        const answer = function* (i: number): Generator<never, void> {
          const [call] = calls.splice(Math.min(i, calls.length - 1), 1)
          yield* call.answered.send(call.n)
          const found = yield* receive(call.ended)
          coming -= call.most
          for (let k = 0; k < found; k++) takes.delivered()
          held.size += found
          taken += found
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
          if (what === 'answer' && calls.length > 0) yield* answer(n)
          if (what === 'settle') held.size -= Math.min(n, held.size)
          yield* beginAll()
        }
        while (calls.length > 0) {
          yield* answer(0)
          yield* beginAll()
        }
        expect(stored === 0 || taken === asked || held.size === window).toBe(true)
      })
    }),
    { numRuns: 300 },
  ))
