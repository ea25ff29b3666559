/** A channel of any kind, brought into any state, and three who do whatever can be done with it: nothing is lost, and nothing doubled. */
import { chan, dropping, go, gosched, range, select, sleep, sliding, trySelect, type Chan } from 'millrace'
import type { Program, Trial } from 'millrace/testing'
import { from, type Subscription } from 'rxjs'

type Steps = Generator<never, void>

/** What has come to pass on a channel. */
class Book {
  readonly sent: number[] = []
  readonly got: number[] = []
  private _last = 0

  constructor(
    readonly channel: Chan<number>,
    readonly isLossy: boolean,
  ) {}

  /** A value that nobody has sent yet. */
  fresh(): number {
    return ++this._last
  }

  put(value: number): void {
    this.sent.push(value)
  }

  take(message: { readonly _tag: 'None' } | { readonly _tag: 'Some'; readonly value: number }): void {
    if (message._tag === 'Some') this.got.push(message.value)
  }

  trySend(): void {
    const value = this.fresh()
    if (ifOpen(() => this.channel.trySend(value)) === true) this.put(value)
  }

  fill(): void {
    for (let i = 0; i < this.channel.capacity; i++) this.trySend()
  }

  check(): void {
    const { sent, got, isLossy } = this
    const isThere = (value: number): boolean => sent.includes(value)
    const isOnce = (value: number, i: number): boolean => got.indexOf(value) === i
    if (!got.every(isThere) || !got.every(isOnce) || (!isLossy && got.length !== sent.length))
      throw new Error(`received ${got.join()} of ${sent.join()}`)
  }
}

/** Null where the channel is closed. */
function ifOpen<T>(f: () => T): T | null {
  try {
    return f()
  } catch (error) {
    if (error instanceof Error && / (of|on) closed channel$/.test(error.message)) return null
    throw error
  }
}

/** One who receives once, and may leave. */
const subscribe = (book: Book): Subscription => from(book.channel.receive()).subscribe((message) => book.take(message))

/** What was granted to one who leaves returns to the channel, over its capacity. */
function overfill(book: Book): void {
  const subscription = subscribe(book)
  book.trySend()
  book.fill()
  subscription.unsubscribe()
}

type Deed = (book: Book) => Steps

const send: Deed = function* (book) {
  const value = book.fresh()
  if ((yield* book.channel.send(value).attempt())._tag === 'Right') book.put(value)
}

const receive: Deed = function* (book) {
  book.take(yield* book.channel.receive())
}

const selectBoth: Deed = function* (book) {
  const value = book.fresh()
  const it = yield* select({ send: book.channel.send(value), receive: book.channel.receive() }).attempt()
  if (it._tag === 'Left') return
  if (it.right.case === 'send') book.put(value)
  else book.take(it.right.value)
}

const deeds: readonly Deed[] = [
  send,
  receive,
  selectBoth,
  function* viaRange(book) {
    const it = range(book.channel)
    if (yield* it.next()) book.got.push(it.value)
  },
  function* viaTrySend(book) {
    book.trySend()
  },
  function* viaTryReceive(book) {
    const it = book.channel.tryReceive()
    if (it._tag === 'Right') book.got.push(it.right)
  },
  function* close(book) {
    ifOpen(() => book.channel.close())
  },
  function* sendOrGiveUp(book) {
    const value = book.fresh()
    const it = yield* select({ send: book.channel.send(value), late: sleep(1) }).attempt()
    if (it._tag === 'Right' && it.right.case === 'send') book.put(value)
  },
  function* receiveOrGiveUp(book) {
    const it = yield* select({ receive: book.channel.receive(), late: sleep(1) })
    if (it.case === 'receive') book.take(it.value)
  },
  function* sendByDefault(book) {
    const value = book.fresh()
    if (ifOpen(() => trySelect({ send: book.channel.send(value) }))?._tag === 'Some') book.put(value)
  },
  function* receiveByDefault(book) {
    const it = trySelect({ receive: book.channel.receive() })
    if (it._tag === 'Some') book.take(it.value.value)
  },
  function* selectBothOrGiveUp(book) {
    const value = book.fresh()
    const { channel } = book
    const it = yield* select({ send: channel.send(value), receive: channel.receive(), late: sleep(1) }).attempt()
    if (it._tag === 'Left') return
    if (it.right.case === 'send') book.put(value)
    else if (it.right.case === 'receive') book.take(it.right.value)
  },
  function* leaveWhenGranted(book) {
    const subscription = subscribe(book)
    book.trySend()
    yield* gosched()
    subscription.unsubscribe()
  },
  function* leaveWhenFull(book) {
    const both = [subscribe(book), subscribe(book)]
    for (const _one of both) book.trySend()
    book.fill()
    yield* gosched()
    for (const one of both) one.unsubscribe()
  },
]

/** Each brings the channel into a state, and says who is to wait on it. */
const beginnings: readonly ((book: Book) => readonly Deed[])[] = [
  () => [],
  () => [receive],
  () => [selectBoth],
  (book) => (book.fill(), [send]),
  (book) => (overfill(book), []),
  (book) => (overfill(book), [send]),
]

const kinds: readonly (() => Book)[] = [
  () => new Book(chan(), false),
  () => new Book(chan(1), false),
  () => new Book(chan(2), false),
  () => new Book(chan(sliding(1)), true),
  () => new Book(chan(dropping(1)), true),
]

const pick = <T>(run: Trial, among: readonly T[]): T => among[run.choose(among.length)]

function* act(book: Book, ...what: readonly Deed[]): Steps {
  for (const deed of what) yield* deed(book)
}

export const anyState: Program = function* (run) {
  const book = pick(run, kinds)()
  const waiting = pick(run, beginnings)(book).map((deed) => go(act, book, deed))
  const actors = [0, 1, 2].map(() => go(act, book, pick(run, deeds), pick(run, deeds)))
  yield* sleep(10)
  ifOpen(() => book.channel.close())
  for (const one of [...waiting, ...actors]) yield* one.join()
  for (let it = book.channel.tryReceive(); it._tag === 'Right'; it = book.channel.tryReceive()) book.got.push(it.right)
  book.check()
}
