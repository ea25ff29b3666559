/** Programs with a known fault, and what it takes to see it. */
import { chan, go, gosched, mutex, type Mutex } from 'millrace'

/** Two read, do one operation that is ready, and write: seen with one switch. */
export function* lostUpdate(): Generator<never, void> {
  let balance = 0
  function* add() {
    const seen = balance
    yield* chan<number>(1).send(seen)
    balance = seen + 1
  }
  const [a, b] = [go(add), go(add)]
  yield* a.join()
  yield* b.join()
  if (balance !== 2) throw new Error(`the balance is ${balance}`)
}

/** Each holds what the other wants: one switch. */
export function* lockOrder(): Generator<never, void> {
  function* both(first: Mutex, second: Mutex) {
    using _first = yield* first.lock()
    using _second = yield* second.lock()
  }
  const [a, b] = [mutex(), mutex()]
  go(both, a, b)
  go(both, b, a)
}

/** One goes on many times while the other does not at all: by steps drawn each for itself that hardly ever happens. */
export function* starved(): Generator<never, void> {
  let isThere = false
  let rounds = 0
  const late = go(function* late() {
    isThere = true
  })
  const eager = go(function* eager() {
    for (; !isThere && rounds < 20; rounds++) yield* gosched()
  })
  yield* late.join()
  yield* eager.join()
  if (rounds === 20) throw new Error('was late')
}

/** Three have to come in an order of their own: the letters are written in the order of the text unless somebody is passed over. */
export function* backwards(): Generator<never, void> {
  let text = ''
  function* write(letter: string) {
    text += letter
  }
  const all = ['a', 'b', 'c'].map((letter) => go(write, letter))
  for (const one of all) yield* one.join()
  if (text === 'cba') throw new Error(text)
}

/** Has no fault. */
export function* sound(): Generator<never, string> {
  const ch = chan<number>()
  const sender = go(function* sender() {
    for (let i = 0; i < 3; i++) yield* ch.send(i)
    ch.close()
  })
  let got = ''
  for (let it = yield* ch.receive(); it._tag === 'Some'; it = yield* ch.receive()) got += it.value
  yield* sender.join()
  return got
}
