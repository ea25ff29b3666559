/** Channels among the arguments of a job. */
import { afterAll, describe, expect, it } from 'vitest'
import { background, chan, go, range, select, ticker, withCancel, type Chan, type Receiver } from 'millrace'
import { fromReceiver, collect } from 'millrace/operators'
import { UnclonableError } from 'millrace/threads'
import { InlineHost } from '../../src/adapters/threads/hosts/inline-host.js'
import { Threads } from '../../src/adapters/threads/thread-pool.js'
import { hostTurn } from '../support/settle.js'
import { makeHost } from './real-threads.js'
import { beginning, failure, settings } from './suite.js'
import { work } from './work.js'

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

function filled(values: readonly number[], capacity = values.length): Chan<number> {
  const ch = chan<number>(capacity)
  for (const value of values) ch.trySend(value)
  return ch
}

function* drained(ch: Receiver<number>) {
  const values: number[] = []
  for (const it = range(ch); yield* it.next();) values.push(it.value)
  return values
}

/** What is in a channel now. */
function restOf(ch: Chan<number>): number[] {
  const rest: number[] = []
  for (let one = ch.tryReceive(); one._tag === 'Right'; one = ch.tryReceive()) rest.push(one.right)
  return rest
}

const hosts = { threads: makeHost(), inline: new InlineHost(1) }

describe.each(['threads', 'inline'] as const)('a channel among the arguments, on %s', (name) => {
  const pool = new Threads(settings, hosts[name])
  afterAll(() => pool[Symbol.asyncDispose]())

  it('brings values there and back, in order, and closes both ways', async () => {
    const [jobs, results] = [chan<number>(), chan<number>()]
    const squaring = go(work.squares.on(pool)(jobs, results))
    const items = upTo(500)
    go(function* () {
      for (const item of items) yield* jobs.send(item)
      jobs.close()
    })
    expect(await go(drained, results).join()).toEqual(items.map((n) => n * n))
    await squaring.join()
  })

  it('is closed with its cause, after what was sent before', async () => {
    const jobs = filled([1, 2, 3])
    jobs.close(new RangeError('no more'))
    const { taken, error } = await work.causeOf.on(pool)(jobs)
    expect(taken).toEqual([1, 2, 3])
    expect(error).toMatchObject({ name: 'RangeError', message: 'no more' })
    const results = chan<unknown>(10)
    expect(await work.sends.on(pool)(results, ['a', 'b'], new RangeError('sent all'))).toBe(2)
    expect([results.tryReceive(), results.tryReceive()]).toMatchObject([{ right: 'a' }, { right: 'b' }])
    expect(() => results.tryReceive()).toThrow('sent all')
  })

  it('has at the end of the job exactly what was not taken, in order', async () => {
    const jobs = filled(upTo(20))
    expect(await work.takes.on(pool)(jobs, 7)).toEqual(upTo(7))
    expect(restOf(jobs)).toEqual(upTo(20).slice(7))
  })

  it('loses nothing in a select that another case wins', async () => {
    const jobs = filled(upTo(10))
    jobs.close()
    const { taken, lost } = await work.selects.on(pool)(jobs)
    expect(taken).toEqual(upTo(10))
    expect(lost).toBeGreaterThanOrEqual(10)
  })

  it('is a case of a select here, and a source', async () => {
    const results = chan<number>()
    const sending = go(work.squares.on(pool)(filledAndClosed([1, 2, 3]), results))
    const first = await select({ result: results.receive() })
    expect(first).toMatchObject({ case: 'result', value: { value: 1 } })
    expect(await collect(background, fromReceiver(results)).join()).toEqual([4, 9])
    await sending.join()
  })

  it('a job that has returned has sent all its values', async () => {
    const results = chan<unknown>(100)
    await work.sends.on(pool)(results, upTo(100))
    expect(results.size).toBe(100)
  })

  it('senders wait: those that complete are at most the capacity and the window', async () => {
    const results = chan<number>(2)
    const sending = go(work.sendsUntilClosed.on(pool)(results))
    while (results.size < 2) await hostTurn()
    results.close(new Error('enough'))
    expect(await sending.join()).toMatchObject({ message: 'send on closed channel', cause: { message: 'enough' } })
    expect([results.tryReceive(), results.tryReceive()]).toMatchObject([{ right: 0 }, { right: 1 }])
    expect(() => results.tryReceive()).toThrow('enough')
  })

  it('takes nothing from other receivers where the thread only sends', async () => {
    const both = chan<string>(5)
    both.trySend('from here')
    expect(await work.talks.on(pool)(both)).toBe(false)
    expect([both.tryReceive(), both.tryReceive()]).toMatchObject([{ right: 'from here' }, { right: 'from the thread' }])
  })

  it('takes a receiver that is no channel', async () => {
    const beat = ticker(1)
    expect(await work.takes.on(pool)(beat, 2)).toEqual([expect.any(Number), expect.any(Number)])
    beat.stop()
  })

  it('cancels its job where a value cannot be cloned, and names the part', async () => {
    const jobs = chan<unknown>(2)
    jobs.trySend({ done: () => 1 })
    const there = await failure(work.takes.on(pool)(jobs, 2))
    expect(there).toBeInstanceOf(UnclonableError)
    expect((there as Error).message).toBe('takes: the values of a channel[0].done is a function (done), which cannot be sent to a thread')
    expect(jobs.size).toBe(1)
    const back = await failure(work.sendsFunction.on(pool)(chan<unknown>(1)))
    expect((back as Error).message).toBe(
      'sendsFunction: the values of a channel[0].done is a function (done), which cannot be sent back from a thread',
    )
    expect(await failure(work.echo.on(pool)({ jobs }))).toMatchObject({
      message: 'echo: the argument.jobs is a channel, which crosses only as an argument of its own, which cannot be sent to a thread',
    })
  })

  it.each([
    [0, 0],
    [7, 7],
    [20, 0],
    [20, 1],
    [20, 12],
    [20, 20],
  ])('of 20 values a job that takes at most %i, canceled after %i, gives back exactly what it has not taken', async (most, after) => {
    const jobs = filled(upTo(20))
    const noted = new Int32Array(new SharedArrayBuffer(4 * 21))
    const ctx = withCancel(background)
    const noting = failure(work.notes.on(pool)(jobs, most, noted).within(ctx))
    while (Atomics.load(noted, 0) < after) await hostTurn()
    ctx.cancel()
    expect(await noting).toMatchObject({ name: 'CanceledError' })
    const taken = [...noted.subarray(1, 1 + noted[0])]
    expect([...taken, ...restOf(jobs)]).toEqual(upTo(20))
    expect([taken.length >= after, taken.length <= most]).toEqual([true, true])
  })
})

function filledAndClosed(values: readonly number[]): Chan<number> {
  const ch = filled(values)
  ch.close()
  return ch
}

it('a thread that exits gives back exactly what it has not taken', async () => {
  await using pool = new Threads(settings, makeHost())
  for (const n of [0, 1, 5, 16]) {
    const jobs = filled(upTo(40))
    const { word, has } = beginning()
    const taking = failure(work.takesAndExits.on(pool)(jobs, n, word))
    await has()
    Atomics.store(word, 0, 2)
    expect(await taking).toMatchObject({ name: 'ThreadLostError' })
    expect(restOf(jobs)).toEqual(upTo(40).slice(n))
  }
})
