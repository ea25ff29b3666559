// Hand-written floors, not libraries: the least that V8 lets one pay for a channel. Nothing can be cancelled,
// a select only takes what it finds or parks with no care for order, nobody yields to the event loop.

/** A FIFO that grows; the capacity is a power of two. */
export class Ring {
  items = new Array(16).fill(undefined)
  mask = 15
  head = 0
  size = 0
  push(item) {
    if (this.size > this.mask) this.grow()
    this.items[(this.head + this.size++) & this.mask] = item
  }
  shift() {
    const item = this.items[this.head]
    this.items[this.head] = undefined
    this.head = (this.head + 1) & this.mask
    this.size--
    return item
  }
  grow() {
    const { items, mask, head, size } = this
    const bigger = new Array(size * 2).fill(undefined)
    for (let i = 0; i < size; i++) bigger[i] = items[(head + i) & mask]
    this.items = bigger
    this.mask = bigger.length - 1
    this.head = 0
  }
}

// ---- `gen`: bare generators on a ring queue ----------------------------------------------------------------

export const NONE = Symbol('none')
export const CLOSED = Symbol('closed')
const ready = new Ring()
let current

/** Starts a generator; to wait it does `yield`, and `wake` resumes it. */
export function spawn(gen) {
  ready.push({ gen, value: undefined })
}
export function wake(task, value) {
  task.value = value
  ready.push(task)
}
export function self() {
  return current
}
export function drain() {
  while (ready.size > 0) {
    current = ready.shift()
    current.gen.next(current.value)
  }
}

/** `let v = ch.tryReceive(); if (v === NONE) v = yield ch.park()`, `if (!ch.trySend(v)) yield ch.parkSend(v)`. */
export class GenChan {
  buffer = new Ring()
  receivers = new Ring()
  senders = new Ring()
  closed = false
  constructor(capacity = 0) {
    this.capacity = capacity
  }
  tryReceive() {
    if (this.buffer.size > 0) {
      const value = this.buffer.shift()
      if (this.senders.size > 0) {
        const sender = this.senders.shift()
        this.buffer.push(sender.value)
        wake(sender, undefined)
      }
      return value
    }
    if (this.senders.size > 0) {
      const sender = this.senders.shift()
      const value = sender.value
      wake(sender, undefined)
      return value
    }
    return this.closed ? CLOSED : NONE
  }
  park() {
    this.receivers.push(current)
  }
  trySend(value) {
    if (this.receivers.size > 0) wake(this.receivers.shift(), value)
    else if (this.buffer.size < this.capacity) this.buffer.push(value)
    else return false
    return true
  }
  parkSend(value) {
    current.value = value
    this.senders.push(current)
  }
  close() {
    this.closed = true
    while (this.receivers.size > 0) wake(this.receivers.shift(), CLOSED)
  }
}

// ---- `promise`: the smallest async/await channel ------------------------------------------------------------

const done = Promise.resolve()

export class PromiseChan {
  buffer = new Ring()
  receivers = new Ring()
  senders = new Ring()
  closed = false
  constructor(capacity = 0) {
    this.capacity = capacity
  }
  send(value) {
    return this.trySend(value) ? done : new Promise((resolve) => this.senders.push({ value, resolve }))
  }
  trySend(value) {
    while (this.receivers.size > 0) if (this.receivers.shift()(value, this)) return true
    if (this.buffer.size >= this.capacity) return false
    this.buffer.push(value)
    return true
  }
  /** The value, or undefined once closed and drained. */
  receive() {
    const value = this.tryReceive()
    if (value !== NONE) return Promise.resolve(value)
    return new Promise((resolve) => this.receivers.push((v) => (resolve(v), true)))
  }
  tryReceive() {
    const { buffer, senders } = this
    if (buffer.size > 0) {
      const value = buffer.shift()
      if (senders.size > 0) {
        const sender = senders.shift()
        buffer.push(sender.value)
        sender.resolve()
      }
      return value
    }
    if (senders.size > 0) {
      const sender = senders.shift()
      sender.resolve()
      return sender.value
    }
    return this.closed ? undefined : NONE
  }
  close() {
    this.closed = true
    while (this.receivers.size > 0) this.receivers.shift()(undefined)
  }
}

/** Looks from a random start, else waits on all of them with one claim. Answers [channel, value]. */
export function promiseSelect(chans) {
  let i = (Math.random() * chans.length) | 0
  for (let k = 0; k < chans.length; k++) {
    const value = chans[i].tryReceive()
    if (value !== NONE) return Promise.resolve([chans[i], value])
    if (++i === chans.length) i = 0
  }
  return new Promise((resolve) => {
    let open = true
    const receiver = (value, ch) => {
      if (!open) return false
      open = false
      resolve([ch, value])
      return true
    }
    for (const ch of chans) ch.receivers.push(receiver)
  })
}

/** A lock as a flag and a queue of resolvers. */
export class PromiseMutex {
  locked = false
  waiting = new Ring()
  lock() {
    if (this.locked) return new Promise((resolve) => this.waiting.push(resolve))
    this.locked = true
    return done
  }
  unlock() {
    if (this.waiting.size > 0) this.waiting.shift()()
    else this.locked = false
  }
}
