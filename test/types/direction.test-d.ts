// The compiler keeps to the direction of a channel. Checked by tsc, never run.
/* eslint-disable @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-return, @typescript-eslint/await-thenable -- what does not type-check is what is tested */
import type { Option } from 'fp-ts/lib/Option.js'
import type { Either } from 'fp-ts/lib/Either.js'
import { after, chan, go, range, select, type Chan, type Op, type Receiver, type Sender } from 'millrace'
import { describe, expectTypeOf, it } from 'vitest'

declare const both: Chan<number>
declare const receiver: Receiver<number>
declare const sender: Sender<number>

it('TY-001 a channel passes as a receiver and as a sender', () => {
  const asReceiver: Receiver<number> = both
  const asSender: Sender<number> = both
  expectTypeOf(asReceiver).toExtend<Receiver<number>>()
  expectTypeOf(asSender).toExtend<Sender<number>>()
  expectTypeOf(chan<number>()).toEqualTypeOf<Chan<number>>()
  // @ts-expect-error of another element type it does not
  const wrongReceiver: Receiver<string> = both
  // @ts-expect-error nor as a sender
  const wrongSender: Sender<string> = both
  return [wrongReceiver, wrongSender]
})

it('TY-002 a receiver does not pass as a channel', () => {
  // @ts-expect-error it lacks the sending half
  const channel: Chan<number> = receiver
  // @ts-expect-error nor as a sender
  const other: Sender<number> = receiver
  return [channel, other]
})

it('TY-003 a sender does not pass as a channel', () => {
  // @ts-expect-error it lacks the receiving half
  const channel: Chan<number> = sender
  // @ts-expect-error nor as a receiver
  const other: Receiver<number> = sender
  return [channel, other]
})

it('TY-005 a receiver does not send; it receives in every form', () => {
  // @ts-expect-error no send
  void receiver.send(1)
  // @ts-expect-error no trySend
  receiver.trySend(1)
  expectTypeOf(receiver.receive()).toEqualTypeOf<Op<Option<number>>>()
  expectTypeOf(receiver.tryReceive()).toEqualTypeOf<Either<'empty' | 'closed', number>>()
  expectTypeOf(range(receiver).value).toEqualTypeOf<number>()
})

it('TY-006 a sender does not receive, in no form; it sends', () => {
  // @ts-expect-error no receive
  void sender.receive()
  // @ts-expect-error no tryReceive
  sender.tryReceive()
  // @ts-expect-error no range
  range(sender)
  expectTypeOf(sender.send(1)).toEqualTypeOf<Op<void>>()
  expectTypeOf(sender.trySend(1)).toEqualTypeOf<boolean>()
})

it('TY-008 a for await, and a range, go over a receiver and not over a sender', () => {
  return async () => {
    for await (const value of receiver) expectTypeOf(value).toEqualTypeOf<number>()
    // @ts-expect-error a sender is not iterated
    for await (const value of sender) return value
    // @ts-expect-error nor without looking at the value
    for await (const _ of sender);
    return
  }
})

it('TY-009 a channel and a sender are closed, a receiver is not', () => {
  both.close()
  sender.close()
  sender.close(new Error('with a cause'))
  // @ts-expect-error by its receiver a channel is not closed
  receiver.close()
})

it('TY-010 a value that is not a channel cannot be sent on, received from or closed', () => {
  const no = { size: 0, capacity: 0 }
  // @ts-expect-error no send
  no.send(1)
  // @ts-expect-error no receive
  no.receive()
  // @ts-expect-error no close
  no.close()
  // @ts-expect-error no range over it
  range(no)
  // @ts-expect-error nor over an array
  range([1, 2])
  // @ts-expect-error it is no receiver
  const asReceiver: Receiver<number> = no
  // @ts-expect-error nor a sender
  const asSender: Sender<number> = no
  return [asReceiver, asSender]
})

it('TY-014 a received Option has a value only after a check for Some', () => {
  go(function* () {
    const message = yield* receiver.receive()
    expectTypeOf(message).toEqualTypeOf<Option<number>>()
    // @ts-expect-error it may be closed
    void message.value
    if (message._tag === 'Some') expectTypeOf(message.value).toEqualTypeOf<number>()
    else expectTypeOf(message).toEqualTypeOf<Extract<Option<number>, { _tag: 'None' }>>()

    const now = receiver.tryReceive()
    // @ts-expect-error there may be nothing
    void now.right
    if (now._tag === 'Right') expectTypeOf(now.right).toEqualTypeOf<number>()
    else expectTypeOf(now.left).toEqualTypeOf<'empty' | 'closed'>()
  })
})

// The nearest that JavaScript has to a nil channel is one that may not be there.
describe('a channel that may be nil', () => {
  const nil = undefined as Chan<number> | undefined

  it('CL-001 is not closed before it is known to be there', () => {
    // @ts-expect-error it may be nil
    nil.close()
    nil?.close()
    if (nil !== undefined) nil.close()
  })

  it('is not sent on, received from or asked for its size either', () => {
    // @ts-expect-error it may be nil
    void nil.send(1)
    // @ts-expect-error it may be nil
    void nil.receive()
    // @ts-expect-error it may be nil
    void nil.size
  })
})

it('a case that is there under a condition does not make the result optional', () => {
  go(function* () {
    const isOpen = Math.random() > 0.5
    const r = yield* select({ item: receiver.receive(), ...(isOpen && { tick: after(1) }) })
    expectTypeOf(r).toEqualTypeOf<{ case: 'item'; value: Option<number> } | { case: 'tick'; value: void }>()
    const off: { readonly item?: Op<string> | false } = {}
    expectTypeOf(yield* select(off)).toEqualTypeOf<{ case: 'item'; value: string }>()
  })
})

describe('variance', () => {
  class Animal {
    readonly name = 'animal'
  }
  class Dog extends Animal {
    readonly barks = true
  }
  const dogs = chan<Dog>()
  const animals = chan<Animal>()

  it('a receiver of dogs is a receiver of animals, and not the other way round', () => {
    const wider: Receiver<Animal> = dogs
    // @ts-expect-error an animal may be no dog
    const narrower: Receiver<Dog> = animals
    return [wider, narrower]
  })

  it('a sender of animals is a sender of dogs, and not the other way round', () => {
    const narrower: Sender<Dog> = animals
    // @ts-expect-error it would be sent animals
    const wider: Sender<Animal> = dogs
    return [narrower, wider]
  })

  it('a channel is invariant', () => {
    // @ts-expect-error it would be sent animals
    const wider: Chan<Animal> = dogs
    // @ts-expect-error an animal may be received
    const narrower: Chan<Dog> = animals
    return [wider, narrower]
  })

  it('an operation of dogs is an operation of animals', () => {
    const wider: Op<Option<Animal>> = dogs.receive()
    // @ts-expect-error an animal may be no dog
    const narrower: Op<Option<Dog>> = animals.receive()
    return [wider, narrower]
  })
})
