/**
 * Programs for the model, as data: a failure prints the shrunk program, which is all it takes to run it again. Numbers stand for places
 * (`slot`) or for one of those that are there at that moment (`which`), and wrap around; so every program makes sense, shrunk or not.
 */
import fc from 'fast-check'

export const SLOTS = 3
export const CONTEXTS = 2
const LONGEST = 40

export interface Kind {
  readonly capacity: number
  readonly loses: 'oldest' | 'newest' | null
}

interface NilShape {
  readonly is: 'nil'
  readonly as: false | null | 'never'
}

/** An operation in words. */
export type Shape =
  | { readonly is: 'send' | 'receive'; readonly slot: number }
  | { readonly is: 'done'; readonly context: number }
  | NilShape
  | { readonly is: 'select' | 'choose'; readonly biased: boolean; readonly of: readonly Shape[] }
  | { readonly is: 'within'; readonly context: number; readonly of: Shape }
  | { readonly is: 'mapped'; readonly of: Shape }

export type By = 'goroutine' | 'await' | 'subscription'

type Act =
  | { readonly do: 'make'; readonly slot: number; readonly kind: Kind }
  | { readonly do: 'perform'; readonly by: By; readonly op: Shape; readonly tired: boolean }
  | { readonly do: 'perform again'; readonly by: By; readonly which: number }
  | { readonly do: 'trySend' | 'tryReceive'; readonly slot: number }
  | { readonly do: 'trySelect'; readonly biased: boolean; readonly of: readonly Shape[] }
  | { readonly do: 'close' | 'close with a cause'; readonly slot: number }
  | { readonly do: 'cancel' | 'unsubscribe'; readonly of: 'waiting' | 'granted'; readonly which: number }
  | { readonly do: 'end context' | 'new context'; readonly context: number }

/** With `held`, the run queue does not run before the next command: what was granted is not yet delivered. */
export type Command = Act & { readonly held: boolean }

export interface Program {
  readonly seed: number
  readonly kinds: readonly Kind[]
  readonly commands: readonly Command[]
}

const which = fc.nat(7)
const anySlot = fc.nat(SLOTS - 1)
const context = fc.nat(CONTEXTS - 1)
const by = fc.constantFrom<By>('goroutine', 'await', 'subscription')
const biased = fc.nat(3).map((n) => n === 3)
const tired = fc.nat(4).map((n) => n === 4)

/** One of these, as often as the number before it says. */
const often = <T>(...parts: readonly [number, fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
  fc.oneof(...parts.map(([weight, arbitrary]) => ({ weight, arbitrary })))

const kind = often<Kind>(
  [6, fc.record({ capacity: fc.constantFrom(0, 0, 1, 1, 2, 3), loses: fc.constant(null) })],
  [1, fc.record({ capacity: fc.integer({ min: 1, max: 2 }), loses: fc.constantFrom('oldest', 'newest') })],
)

/** Operations over the channels that `slot` draws. */
function shapesOver(slot: fc.Arbitrary<number>) {
  const plain: fc.Arbitrary<Shape> = fc.record({ is: fc.constantFrom('send', 'receive'), slot })
  const quiet = often<Shape>(
    [1, fc.record({ is: fc.constant('done'), context })],
    [1, fc.record({ is: fc.constant('nil'), as: fc.constantFrom<NilShape['as']>(false, null, 'never') })],
  )
  const leaf = often<Shape>([8, plain], [1, quiet])
  const choiceOf = (cases: fc.Arbitrary<Shape[]>): fc.Arbitrary<Shape> =>
    fc.record({ is: fc.constantFrom('select', 'choose'), biased, of: cases })
  const within = (of: fc.Arbitrary<Shape>): fc.Arbitrary<Shape> => fc.record({ is: fc.constant('within'), context, of })
  const mapped: fc.Arbitrary<Shape> = fc.record({ is: fc.constant('mapped'), of: plain })
  const nested = often<Shape>([6, leaf], [1, choiceOf(fc.array(leaf, { minLength: 1, maxLength: 2 }))], [1, within(plain)], [1, mapped])
  const cases = fc.array(nested, { maxLength: 4 })
  /** Both directions on one channel: what one select must never do with itself. */
  const both: fc.Arbitrary<Shape> = fc.tuple(slot, fc.boolean(), fc.constantFrom('select', 'choose')).map(([slot, sendsFirst, is]) => {
    const [send, receive]: Shape[] = [
      { is: 'send', slot },
      { is: 'receive', slot },
    ]
    return { is, biased: false, of: sendsFirst ? [send, receive] : [receive, send] }
  })
  const any = often<Shape>(
    [6, plain],
    [4, choiceOf(cases)],
    [1, both],
    [2, within(often([1, plain], [1, choiceOf(fc.array(leaf, { minLength: 1, maxLength: 3 }))]))],
    [1, mapped],
  )
  return { plain, both, cases, within, any }
}

const held = (act: fc.Arbitrary<Act>, is: fc.Arbitrary<boolean>): fc.Arbitrary<Command> =>
  fc.tuple(act, is).map(([act, held]) => ({ ...act, held }))

function commandsOver(slot: fc.Arbitrary<number>): { one: fc.Arbitrary<Command>; several: fc.Arbitrary<Command[]> } {
  const { plain, both, cases, within, any } = shapesOver(slot)
  const tries: fc.Arbitrary<Act> = fc.record({ do: fc.constantFrom('trySend', 'tryReceive'), slot })
  const closes: fc.Arbitrary<Act> = fc.record({ do: fc.constantFrom('close', 'close with a cause'), slot })
  const performs = (by: fc.Arbitrary<By>, op: fc.Arbitrary<Shape>, tired: fc.Arbitrary<boolean>): fc.Arbitrary<Act> =>
    fc.record({ do: fc.constant('perform'), by, op, tired })
  const stops = (of: fc.Arbitrary<'waiting' | 'granted'>): fc.Arbitrary<Act> =>
    fc.record({ do: fc.constantFrom('cancel', 'unsubscribe'), of, which })

  const contexts: fc.Arbitrary<Act> = fc.record({ do: fc.constantFrom('end context', 'new context'), context })

  const act = often<Act>(
    [24, performs(by, any, tired)],
    [2, fc.record({ do: fc.constant('perform again'), by, which })],
    [8, tries],
    [4, fc.record({ do: fc.constant('trySelect'), of: cases, biased })],
    [1, closes],
    [6, stops(fc.constantFrom('waiting', 'granted'))],
    [3, contexts],
    [1, fc.record({ do: fc.constant('make'), slot, kind })],
  )
  const one = held(act, fc.boolean())

  // What happens by itself too rarely: much goes on between a grant and its delivery, and then the one who was granted is stopped.
  const no: fc.Arbitrary<boolean> = fc.constant(false)
  const yes: fc.Arbitrary<boolean> = fc.constant(true)
  const some = (act: fc.Arbitrary<Act>, min: number, max: number, isHeld = yes): fc.Arbitrary<Command[]> =>
    fc.array(held(act, isHeld), { minLength: min, maxLength: max, size: 'max' })
  const stoppable = fc.constantFrom<By>('goroutine', 'subscription')
  const atOnce = fc.constantFrom<By>('await', 'subscription')
  const stopGranted = some(stops(fc.constant('granted')), 1, 2)
  const grantAndStop = fc.tuple(
    some(performs(stoppable, often([4, plain], [1, any]), no), 1, 3, no),
    some(often([4, tries], [4, performs(atOnce, often([2, plain], [1, both]), no)], [1, closes]), 1, 8),
    stopGranted,
    some(act, 0, 4, fc.boolean()),
  )

  // And more values than the capacity: one is given back when others have taken its room, and more senders come.
  const send: fc.Arbitrary<Shape> = fc.record({ is: fc.constant('send'), slot })
  const receive: fc.Arbitrary<Shape> = fc.record({ is: fc.constant('receive'), slot })
  const tryOnly = (to: 'trySend' | 'tryReceive'): fc.Arbitrary<Act> => fc.record({ do: fc.constant(to), slot })
  const overfill = fc.tuple(
    some(performs(stoppable, send, no), 1, 3, no),
    some(tryOnly('tryReceive'), 0, 4),
    some(performs(fc.constant('subscription'), receive, no), 1, 2),
    some(tryOnly('trySend'), 1, 4),
    stopGranted,
    some(performs(atOnce, often([1, send], [1, within(send)]), no), 0, 2),
    some(often([2, stops(fc.constant('granted'))], [1, contexts], [1, act]), 1, 3),
  )
  return { one, several: fc.oneof(grantAndStop, overfill).map((parts) => parts.flat()) }
}

const { one } = commandsOver(anySlot)
const onOneChannel = Array.from({ length: SLOTS }, (_, i) => commandsOver(fc.constant(i)).several)
const stretch = often<Command[]>([9, one.map((command) => [command])], [1, fc.oneof(...onOneChannel)])

export const programs: fc.Arbitrary<Program> = fc.record({
  seed: fc.integer(),
  kinds: fc.array(kind, { minLength: SLOTS, maxLength: SLOTS }),
  commands: fc.array(stretch, { minLength: 1, maxLength: LONGEST, size: 'max' }).map((stretches) => stretches.flat().slice(0, LONGEST)),
})
