/** Naive models of the sync primitives: without the library's queues, time and goroutines; one call after the other. */

/** The waiters, in order of arrival. */
export type State = 'waiting' | 'done' | 'left'

export class NaiveSemaphore {
  held = 0
  readonly states: State[] = []
  private queue: { id: number; k: number }[] = []

  constructor(private readonly size: number) {}

  acquire(k: number): void {
    this.queue.push({ id: this.states.push('waiting') - 1, k })
    this.serve()
  }
  tryAcquire(k: number): boolean {
    const fits = this.inLine().length === 0 && this.held + k <= this.size
    if (fits) this.held += k
    return fits
  }
  release(k: number): boolean {
    if (k > this.held) return false
    this.held -= k
    this.serve()
    return true
  }
  leave(id: number): void {
    if (this.states[id] !== 'waiting') return
    this.states[id] = 'left'
    this.queue = this.queue.filter((one) => one.id !== id)
    this.serve()
  }
  /** A request larger than the size waits outside the queue. */
  private inLine() {
    return this.queue.filter(({ k }) => k <= this.size)
  }
  private serve(): void {
    for (const { id, k } of this.inLine()) {
      if (this.held + k > this.size) return
      this.held += k
      this.states[id] = 'done'
      this.queue = this.queue.filter((one) => one.id !== id)
    }
  }
}

export class NaiveRWMutex {
  writing = false
  readers = 0
  readonly states: State[] = []
  private queue: { id: number; writes: boolean }[] = []

  ask(writes: boolean): void {
    const id = this.states.push('waiting') - 1
    if (this.try(writes)) this.states[id] = 'done'
    else this.queue.push({ id, writes })
  }
  try(writes: boolean): boolean {
    if (this.writing || this.waits(true) || (writes && this.readers > 0)) return false
    this.enter(writes)
    return true
  }
  unlock(): boolean {
    if (!this.writing) return false
    this.writing = false
    this.admitReaders()
    this.admitWriter()
    return true
  }
  rUnlock(): boolean {
    if (this.readers === 0) return false
    this.readers--
    this.admitWriter()
    return true
  }
  leave(id: number): void {
    if (this.states[id] !== 'waiting') return
    this.states[id] = 'left'
    this.queue = this.queue.filter((one) => one.id !== id)
    if (!this.writing && !this.waits(true)) this.admitReaders()
  }
  private waits(writes: boolean): boolean {
    return this.queue.some((one) => one.writes === writes)
  }
  private enter(writes: boolean): void {
    if (writes) this.writing = true
    else this.readers++
  }
  private admitReaders(): void {
    for (const { id, writes } of this.queue) if (!writes) this.admit(id, false)
  }
  private admitWriter(): void {
    const first = this.queue.find(({ writes }) => writes)
    if (first !== undefined && !this.writing && this.readers === 0) this.admit(first.id, true)
  }
  private admit(id: number, writes: boolean): void {
    this.enter(writes)
    this.states[id] = 'done'
    this.queue = this.queue.filter((one) => one.id !== id)
  }
}

export class NaiveCond {
  readonly states: State[] = []

  wait(): void {
    this.states.push('waiting')
  }
  signal(): void {
    const first = this.states.indexOf('waiting')
    if (first >= 0) this.states[first] = 'done'
  }
  broadcast(): void {
    this.states.forEach((_, i) => this.signalTo(i))
  }
  leave(id: number): void {
    if (this.states[id] === 'waiting') this.states[id] = 'left'
  }
  private signalTo(i: number): void {
    if (this.states[i] === 'waiting') this.states[i] = 'done'
  }
}

interface Booking {
  readonly n: number
  readonly at: number
  isCanceled: boolean
  isServed: boolean
}

/**
 * Gets one token at each tick. The tokens that lie between a request that leaves and the last promise to a reservation
 * are not given back: the next reservation waits for them too, or the canceled reservation stays in the queue for them.
 */
export class NaiveLimiter {
  now = 0
  tokens: number
  private promised = -Infinity
  readonly states: State[] = []
  readonly bookings: (Booking | null)[] = []
  private queue: { n: number; id: number | Booking }[] = []

  constructor(private burst: number) {
    this.tokens = burst
  }

  tick(): void {
    this.now++
    this.tokens++
    this.serve()
  }
  free(): number {
    return this.tokens - this.asked()
  }
  allow(n: number): boolean {
    const allowed = this.queue.length === 0 && n <= this.tokens && n <= this.burst
    if (allowed) this.tokens -= n
    return allowed
  }
  /** 'refused' is an error. */
  wait(n: number): void {
    const id = this.states.push('waiting') - 1
    if (n > this.burst) this.states[id] = 'left'
    else if (this.allow(n)) this.states[id] = 'done'
    else this.queue.push({ n, id })
  }
  leave(id: number): void {
    if (this.states[id] !== 'waiting') return
    this.states[id] = 'left'
    const place = this.queue.findIndex((one) => one.id === id)
    const next = this.queue.slice(place + 1).find((one) => typeof one.id !== 'number')
    const ahead = this.queue.slice(0, place + 1).reduce((sum, { n }) => sum + n, 0)
    if (next !== undefined) next.n += this.kept(this.now + ahead - this.tokens, this.queue[place].n)
    this.queue.splice(place, 1)
    this.serve()
  }
  /** The ticks until the reservation is due. */
  reserve(n: number): number {
    if (n > this.burst) {
      this.bookings.push(null)
      return Infinity
    }
    const delay = Math.max(0, this.asked() + n - this.tokens)
    const booking: Booking = { n, at: this.now + delay, isCanceled: false, isServed: this.allow(n) }
    this.bookings.push(booking)
    this.promised = Math.max(this.promised, booking.at)
    if (!booking.isServed) this.queue.push({ n, id: booking })
    return delay
  }
  cancel(i: number): void {
    const booking = this.bookings[i]
    if (booking === null || booking.isCanceled || this.now > booking.at) return
    booking.isCanceled = true
    const restored = booking.n - this.kept(booking.at, booking.n)
    if (booking.at === this.promised && booking.at - booking.n >= this.now) this.promised = booking.at - booking.n
    const place = this.queue.findIndex(({ id }) => id === booking)
    if (place < 0) this.tokens += restored
    else if ((this.queue[place].n -= restored) === 0) this.queue.splice(place, 1)
    this.serve()
  }
  setBurst(burst: number): void {
    this.burst = burst
    this.serve()
  }
  /** Of `n` tokens, those that lie between a time and the last promise. */
  private kept(at: number, n: number): number {
    return Math.max(0, Math.min(n, this.promised - at))
  }
  private asked(): number {
    return this.queue.reduce((sum, { n }) => sum + n, 0)
  }
  private serve(): void {
    while (this.queue.length > 0 && this.queue[0].n <= this.tokens) {
      const { n, id } = this.queue.shift() as { n: number; id: number | Booking }
      this.tokens -= n
      if (typeof id === 'number') this.states[id] = 'done'
      else id.isServed = true
    }
    if (this.queue.length === 0) this.tokens = Math.min(this.tokens, this.burst)
  }
}
