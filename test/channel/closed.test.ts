/** `closed()` and `isClosed`: the end of a channel, as its receivers and its senders see it. */
import { background, chan, dropping, go, gosched, range, select, sliding, ticker, trySelect, withCancel } from 'millrace'
import { explore, type Trial } from 'millrace/testing'
import { from } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { done, performed, subscribed, thrown, waiting, ways } from '../support/outcome.js'
import { settle } from '../support/settle.js'

describe.each(ways)('closed(), by %s', (_, perform) => {
  it('waits for the close of an empty channel, whatever its capacity', async () => {
    for (const ch of [chan<number>(), chan<number>(3), chan(sliding<number>(2)), chan(dropping<number>(2))]) {
      const waits = [perform(ch.closed()), perform(ch.closed())]
      await settle()
      expect(waits.map(({ now }) => now)).toEqual([waiting, waiting])
      ch.close()
      await settle()
      expect(waits.map(({ now }) => now)).toEqual([done(undefined), done(undefined)])
      expect(await ch.closed()).toBeUndefined()
    }
  })

  it('waits until buffered values have been received', async () => {
    const ch = chan<number>(2)
    for (const value of [1, 2]) ch.trySend(value)
    const end = perform(ch.closed())
    ch.close()
    expect(ch.isClosed).toBe(true)
    for (const _ of [1, 2]) {
      await settle()
      expect(end.now).toEqual(waiting)
      ch.tryReceive()
    }
    await settle()
    expect(end.now).toEqual(done(undefined))
  })

  it('completes after a close with a cause, which a receive throws', async () => {
    const ch = chan<number>()
    const end = perform(ch.closed())
    ch.close(new Error('down'))
    await settle()
    expect(end.now).toEqual(done(undefined))
    expect(() => ch.tryReceive()).toThrow('down')
  })
})

describe('closed()', () => {
  it('as a case beside a receive never cuts off values', async () => {
    const ch = chan<number>(3)
    for (const value of [1, 2, 3]) ch.trySend(value)
    ch.close()
    const seen: unknown[] = []
    await go(function* () {
      for (;;) {
        const { case: name, value } = yield* select({ value: ch.receive(), end: ch.closed() }, { biased: true })
        if (name === 'end' || value._tag === 'None') return
        seen.push(value.value)
      }
    }).join()
    expect(seen).toEqual([1, 2, 3])
  })

  it('leaves nothing behind where it is not chosen, or given up', async () => {
    const ch = chan<number>()
    const ctx = withCancel(background)
    const given = performed(ch.closed().within(ctx))
    const left = [performed(ch.closed()), subscribed(ch.closed())]
    const lost = performed(select({ end: ch.closed(), value: ch.receive() }))
    await settle()
    ctx.cancel()
    for (const each of left) each.leave()
    ch.trySend(1)
    await settle()
    expect([given.now.is, lost.now.is]).toEqual(['thrown', 'done'])
    expect([...(ch as unknown as { watchers: Iterable<unknown> }).watchers]).toEqual([])
    expect(trySelect({ end: ch.closed() })).toEqual({ _tag: 'None' })
  })

  it('counts a value that a subscriber gives back to a closed channel', async () => {
    const ch = chan<number>()
    const receive = from(ch.receive()).subscribe()
    ch.trySend(1)
    ch.close()
    receive.unsubscribe()
    const end = performed(ch.closed())
    await settle()
    expect(end.now).toEqual(waiting)
    ch.tryReceive()
    await settle()
    expect(end.now).toEqual(done(undefined))
  })

  it('never completes for a ticker', async () => {
    const beat = ticker(1000)
    const end = performed(beat.closed())
    await settle()
    beat.stop()
    expect(end.now).toEqual(waiting)
    end.leave()
  })

  it('is a property of no sender any more: isClosed is', () => {
    const ch = chan<number>(1)
    expect(ch.isClosed).toBe(false)
    ch.trySend(1)
    ch.close()
    expect(ch.isClosed).toBe(true)
    expect(ch.closed).toBeTypeOf('function')
    expect(performed(ch.closed()).now).not.toEqual(thrown(expect.anything()))
  })

  it('completes exactly when a receive would result in none, under any schedule', async () => {
    const program = function* (run: Trial) {
      const ch = chan<number>(run.choose(3))
      const producer = go(function* () {
        for (let i = run.choose(4); i > 0; i--) yield* ch.send(i)
        ch.close()
      })
      const consumers = [0, 1].map(() =>
        go(function* () {
          for (const it = range(ch); yield* it.next();) yield* gosched()
        }),
      )
      const watcher = go(function* () {
        yield* ch.closed()
        if (!ch.isClosed || ch.size > 0 || ch.tryReceive()._tag === 'Right') throw new Error('a value was left')
      })
      for (const each of [producer, ...consumers, watcher]) yield* each.join()
    }
    await explore(program, { schedules: 3000 })
    await explore(program, { schedules: 3000, strategy: 'pct' })
  })
})
