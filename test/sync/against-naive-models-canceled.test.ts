/**
 * The locks and limiters against naive models (naive-models.ts) under many schedules, while one user is canceled, by its goroutine or
 * by its context, before each of its steps. The model learns of every request, release and cancel in the step in which it happens:
 * the library may grant only to a waiter that the model has granted by then.
 */
import {
  background,
  CanceledError,
  cond,
  go,
  gosched,
  mutex,
  rateLimiter,
  rwMutex,
  semaphore,
  sleep,
  withCancel,
  type Context,
  type Goroutine,
  type Op,
} from 'millrace'
import { explore, type ExploreOptions, type Trial } from 'millrace/testing'
import { afterAll, expect, it } from 'vitest'
import { NaiveCond, NaiveLimiter, NaiveRWMutex, NaiveSemaphore, type State } from './naive-models.js'
import { sampleOf } from '../support/portion.js'

type Steps = Generator<never, void>

/** The cancel comes after fewer turns than this. */
const LATEST = 4
const STOP = new Error('stop')

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

/** A user of the lock or limiter. */
class User {
  /** Its number among the waiters of the naive model. */
  id = -1
  isCanceled = false
  /** Set when the user is canceled by its context. */
  ctx: Context | undefined
  private stop = (): void => this.goroutine.cancel(STOP)
  private readonly goroutine: Goroutine<void>

  constructor(use: (user: User) => Steps) {
    this.goroutine = go(use, this)
  }

  mayEndByContext(): void {
    const ctx = withCancel(background)
    this.ctx = ctx
    this.stop = () => ctx.cancel(STOP)
  }
  cancel(): void {
    this.isCanceled = true
    this.stop()
  }
  within<T>(op: Op<T>): Op<T> {
    return this.ctx === undefined ? op : op.within(this.ctx)
  }

  /** Waits for the lock or limiter. A user canceled before its request never reaches the model. */
  *granted<T>(op: Op<T>, states: readonly State[], ask: () => void, catchUp = (): void => {}): Generator<never, T> {
    const isTooLate = this.isCanceled
    if (!isTooLate) {
      catchUp()
      this.id = states.length
      ask()
    }
    const value = yield* this.within(op)
    catchUp()
    check(!isTooLate, 'it was canceled before it asked, and is granted nothing')
    check(states[this.id] === 'done', `it is the turn of number ${this.id} of ${states.join()}`)
    return value
  }

  *end(): Steps {
    const end = yield* this.goroutine.join().attempt()
    if (end._tag === 'Right') return
    const isCancel = end.left === STOP || (end.left instanceof CanceledError && end.left.cause === STOP)
    if (!this.isCanceled || !isCancel) throw end.left
  }
}

/** Runs the users, and cancels one of them; `leave` tells the model. */
function* cancelingOne(run: Trial, users: readonly User[], leave: (user: User) => void, victim = users[run.choose(users.length)]): Steps {
  if (run.choose(2) === 1) victim.mayEndByContext()
  const canceler = go(function* () {
    for (let n = run.choose(LATEST); n > 0; n--) yield* gosched()
    leave(victim)
    victim.cancel()
  })
  yield* canceler.join()
  yield* victim.end()
  for (const user of users) yield* user.end()
}

function* semaphoreProgram(run: Trial): Steps {
  const [sem, naive] = [semaphore(2), new NaiveSemaphore(2)]
  let held = 0
  const holds = (k: number) =>
    function* (user: User): Steps {
      using _permit = yield* user.granted(sem.acquire(k), naive.states, () => naive.acquire(k))
      held += k
      check(held <= 2, `${held} of 2 are held`)
      try {
        yield* gosched()
      } finally {
        held -= k
        naive.release(k)
      }
    }
  const users = [1, 2, 1].map((k) => new User(holds(k)))
  yield* cancelingOne(run, users, ({ id }) => naive.leave(id))
  check(naive.held === 0 && !naive.states.includes('waiting'), 'all is given back, and nobody waits')
  check(sem.tryAcquire(2), 'the full size can be taken again')
  check(!sem.tryAcquire(), 'and no more')
}

function* rwMutexProgram(run: Trial): Steps {
  const [rw, naive] = [rwMutex(), new NaiveRWMutex()]
  let readers = 0
  let writers = 0
  function* reads(user: User): Steps {
    using _guard = yield* user.granted(rw.rLock(), naive.states, () => naive.ask(false))
    readers++
    check(writers === 0, 'a reader is in with a writer')
    try {
      yield* gosched()
    } finally {
      readers--
      naive.rUnlock()
    }
  }
  function* writes(user: User): Steps {
    using _guard = yield* user.granted(rw.lock(), naive.states, () => naive.ask(true))
    writers++
    check(writers === 1 && readers === 0, 'a writer is not alone')
    try {
      yield* gosched()
    } finally {
      writers--
      naive.unlock()
    }
  }
  const users = [reads, writes, reads].map((use) => new User(use))
  yield* cancelingOne(run, users, ({ id }) => naive.leave(id))
  check(!naive.writing && naive.readers === 0 && !naive.states.includes('waiting'), 'nobody is in, and nobody waits')
  check(rw.tryLock(), 'a writer can go in again')
  check(!rw.tryRLock(), 'and nobody else')
}

/**
 * Three users wait for items. A canceled user stays in the queue until it is unwound, and passes a signal on to the next; so the model
 * passes it on no later than the next wake-up. A lost signal leaves a consumer waiting beside an item, which is a deadlock.
 */
function* condProgram(run: Trial): Steps {
  const mu = mutex()
  const [filled, naive] = [cond(mu), new NaiveCond()]
  const wakesAll = run.choose(2) === 1
  let items = 0
  let isServed = false // the user that is canceled
  let inside = 0
  let leaving: User | null = null

  function enter(): void {
    check(++inside === 1, 'the lock is held by one')
  }
  function passOn(user: User): void {
    if (user === leaving && naive.states[user.id] === 'done') {
      leaving = null
      if (!wakesAll) naive.signal()
    }
  }
  function* waits(user: User): Steps {
    user.id = naive.states.length
    naive.wait()
    inside--
    let isWoken = false
    try {
      yield* filled.wait(user.ctx)
      isWoken = true
    } finally {
      enter()
      if (!isWoken) {
        check(user.isCanceled, 'only who is canceled gives up')
        leaving ??= user
        passOn(user)
        naive.leave(user.id)
      }
    }
    if (naive.states[user.id] !== 'done' && leaving !== null) passOn(leaving)
    check(naive.states[user.id] === 'done', `it is the turn of number ${user.id} of ${naive.states.join()}`)
  }
  function* consumes(user: User): Steps {
    using _guard = yield* mu.lock()
    enter()
    try {
      while (items === 0) yield* waits(user)
      items--
      if (user === canceled) isServed = true
    } finally {
      inside--
    }
  }
  function* puts(): Steps {
    using _guard = yield* mu.lock()
    enter()
    items++
    if (wakesAll) naive.broadcast()
    else naive.signal()
    if (wakesAll) filled.broadcast()
    else filled.signal()
    inside--
  }
  const users = [0, 1, 2].map(() => new User(consumes))
  const canceled = users[run.choose(users.length)]
  const producer = go(function* () {
    yield* puts()
    yield* puts()
    // All must come to an end: the two others need an item each.
    yield* canceled.end()
    if (isServed) yield* puts()
  })
  yield* cancelingOne(run, users, (user) => (leaving = user), canceled)
  yield* producer.join()
  check(!naive.states.includes('waiting'), 'nobody waits')
  check(mu.tryLock(), 'the lock can be taken again')
}

function* limiterProgram(run: Trial): Steps {
  const BURST = 2
  const [limiter, naive] = [rateLimiter(10, BURST), new NaiveLimiter(BURST)] // a token in 100 ms
  const tick = (): void => {
    while (naive.now * 100 < run.now()) naive.tick()
  }
  const takes = (...counts: number[]) =>
    function* (user: User): Steps {
      for (const n of counts) {
        yield* user.granted(limiter.wait(n), naive.states, () => naive.wait(n), tick)
        check(limiter.tokens() === naive.free(), `${limiter.tokens()} tokens are left of ${naive.free()}`)
      }
    }
  const users = [takes(1, 1), takes(2), takes(1)].map((use) => new User(use))
  yield* cancelingOne(run, users, ({ id }) => {
    tick()
    naive.leave(id)
  })
  tick()
  check(!naive.states.includes('waiting'), 'nobody waits')
  check(limiter.tokens() === naive.free(), `${limiter.tokens()} tokens are left of ${naive.free()}`)
  yield* sleep(1000)
  check(limiter.allow(BURST) && !limiter.allow(), 'the full burst can be taken again, and no more')
}

const SCHEDULES = sampleOf(20_000)
const plans: ExploreOptions[] = [
  { strategy: 'random', schedules: SCHEDULES },
  { strategy: 'pct', schedules: SCHEDULES },
]
const rows: string[] = []
afterAll(() => console.log(`schedules, random and pct:\n${rows.join('\n')}`))

it.each([
  { tool: 'semaphore', program: semaphoreProgram },
  { tool: 'rwMutex', program: rwMutexProgram },
  { tool: 'cond', program: condProgram },
  { tool: 'rateLimiter', program: limiterProgram },
])('a $tool with a user that is canceled grants as the naive model does', async ({ tool, program }) => {
  let total = 0
  for (const plan of plans) total += (await explore(program, plan)).schedules
  rows.push(`${String(total).padStart(8)}  ${tool}`)
  expect(total).toBe(plans.length * SCHEDULES)
})
