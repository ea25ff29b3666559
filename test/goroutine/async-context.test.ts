/** Goroutines run in a neutral async context: no goroutine sees the store of another request. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { afterFunc, background, chan, fromSignal, go, gosched, newTimer, onCrash, select, sleep, withCancel, withTimeout } from 'millrace'
import { describe, expect, it } from 'vitest'
import { settle } from '../support/settle.js'

const request = new AsyncLocalStorage<string>()
const user = new AsyncLocalStorage<string>()

/** Runs `f` within the stores of one request. */
const inRequest = <R>(name: string, f: () => R): R => request.run(name, () => user.run(`user of ${name}`, f))
const stores = () => [request.getStore(), user.getStore()]
const neutral = [undefined, undefined]

describe('by default', () => {
  it('goroutines started in two requests that wake each other see the store of neither', async () => {
    const [there, back] = [chan<number>(), chan<number>()]
    const seen: unknown[] = []
    inRequest('A', () =>
      go(function* () {
        for (let i = 0; i < 5; i++) {
          seen.push(stores())
          yield* there.send(i)
          seen.push(stores())
          yield* back.receive()
        }
        there.close()
      }),
    )
    inRequest('B', () =>
      go(function* () {
        for (;;) {
          seen.push(stores())
          if ((yield* there.receive())._tag === 'None') return
          seen.push(stores())
          yield* gosched()
          yield* back.send(0)
        }
      }),
    )
    await settle()
    expect(seen).toHaveLength(21)
    expect(seen).toEqual(seen.map(() => neutral))
  })

  it('a store that a goroutine enters is gone when the queue is empty', async () => {
    const seen: unknown[] = []
    go(function* () {
      request.enterWith('entered')
      seen.push(request.getStore())
      yield* sleep(1)
      seen.push(request.getStore())
    })
    await settle()
    await inRequest('A', () => go(() => seen.push(request.getStore())).join())
    await sleep(2)
    expect(seen).toEqual(['entered', undefined, undefined])
  })

  it('a goroutine sees no store of the code that wakes it, cancels it, or fires its timer', async () => {
    const seen: unknown[] = []
    const ch = chan<number>()
    function* sees(wait: () => Generator<never, unknown>) {
      try {
        yield* wait()
        seen.push(stores())
      } finally {
        yield* gosched()
        seen.push(stores())
      }
    }
    const [parked, , sleeper] = inRequest('A', () => [
      go(sees, function* () {
        return yield* chan().receive()
      }),
      go(sees, function* () {
        return yield* select({ value: ch.receive(), never: null })
      }),
      go(sees, function* () {
        return yield* sleep(1)
      }),
    ])
    await settle()
    inRequest('B', () => {
      ch.trySend(1)
      parked.cancel()
    })
    await sleeper.join()
    await settle()
    expect(seen).toHaveLength(5)
    expect(seen).toEqual(seen.map(() => neutral))
  })

  it('plain and async functions start in the neutral context too, and awaits in them keep it', async () => {
    const seen: unknown[] = []
    const ch = chan<number>()
    inRequest('A', () => {
      go(() => seen.push(stores()))
      go(async () => {
        seen.push(stores())
        await ch.receive()
        seen.push(stores())
        await gosched()
        seen.push(stores())
      })
    })
    await settle()
    inRequest('B', () => ch.trySend(1))
    await settle()
    expect(seen).toEqual([neutral, neutral, neutral, neutral])
  })

  it('callbacks of a context and of a crash see no store of a request', async () => {
    const seen: unknown[] = []
    const off = onCrash(() => seen.push(stores()))
    const ctx = inRequest('A', () => withCancel(background))
    inRequest('A', () => afterFunc(ctx, () => seen.push(stores())))
    inRequest('B', () => ctx.cancel())
    inRequest('B', () =>
      go(() => {
        throw new Error('boom')
      }),
    )
    await settle()
    off()
    expect(seen).toEqual([neutral, neutral])
  })

  it('the listener of a signal that a deadline aborts has no store of the request that set the host’s timer', async () => {
    const seen: unknown[] = []
    const first = inRequest('A', () => newTimer(5))
    const ctx = inRequest('B', () => withTimeout(background, 5))
    ctx.signal.addEventListener('abort', () => seen.push(stores()))
    await first.fired()
    await ctx.done()
    await settle()
    expect(seen).toEqual([neutral])
  })

  it('an await outside goroutines keeps its own store', async () => {
    const ch = chan<number>()
    const seen: unknown[] = []
    const wait = async () => {
      await ch.receive()
      seen.push(stores())
      await sleep(1)
      seen.push(stores())
      await gosched()
      seen.push(stores())
    }
    const waiting = inRequest('A', wait)
    await settle()
    inRequest('B', () => ch.trySend(1))
    await waiting
    expect(seen).toEqual(seen.map(() => ['A', 'user of A']))
    expect(seen).toHaveLength(3)
  })

  it('the abort of a signal reaches goroutines without the store of the code that aborts', async () => {
    const seen: unknown[] = []
    const controller = new AbortController()
    const ctx = inRequest('A', () => fromSignal(controller.signal))
    inRequest('A', () =>
      go(function* () {
        yield* ctx.done()
        seen.push(stores())
      }),
    )
    await settle()
    inRequest('B', () => controller.abort())
    await settle()
    expect(seen).toEqual([neutral])
  })
})
