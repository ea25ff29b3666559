import { chan, mutex, type Op } from 'millrace'
import { expect, it } from 'vitest'
import { CallbackPerformer, PENDING, type Operation } from '../../src/runtime/internal.js'
import { settle } from '../support/settle.js'

/** Keeps what is reported. */
class Recorder extends CallbackPerformer<unknown> {
  readonly reports: string[] = []
  begin(op: Op<unknown>): void {
    this.start(op as Operation<unknown>) // every Op of the package is one
  }
  poll(op: Op<unknown>): unknown {
    return this.perform(op as Operation<unknown>) // as above
  }
  grant(): unknown {
    return this.isGranted ? this.take() : PENDING
  }
  protected succeeded(value: unknown): void {
    this.reports.push(`value ${JSON.stringify(value)}`)
  }
  protected failed(cause: unknown): void {
    this.reports.push(`error ${(cause as Error).message}`)
  }
}

it('reports an operation that is ready at once, with its value or its throw', () => {
  const [full, closed] = [chan<number>(1), chan<number>()]
  full.trySend(1)
  closed.close()
  const performer = new Recorder()
  performer.begin(full.receive().map((message) => message._tag))
  performer.begin(closed.send(1))
  expect(performer.reports).toEqual(['value "Some"', 'error send on closed channel'])
})

it('reports an operation that has to wait from the run queue, and performs the next one with the same object', async () => {
  const ch = chan<number>()
  const performer = new Recorder()
  for (const value of [1, 2, 3]) {
    performer.begin(ch.receive().map((message) => message._tag === 'Some' && message.value))
    ch.trySend(value)
    expect(performer.reports).toHaveLength(value - 1) // not from within the send
    await settle()
    expect(performer.reports).toHaveLength(value)
  }
  performer.begin(ch.send(4))
  ch.close()
  await settle()
  expect(performer.reports).toEqual(['value 1', 'value 2', 'value 3', 'error send on closed channel'])
})

it('stopped while parked it leaves the queue; stopped after the grant it gives the grant back; it reports neither', async () => {
  const mu = mutex()
  mu.tryLock()
  const performer = new Recorder()
  performer.begin(mu.lock())
  performer.stop()
  mu.unlock()
  expect(mu.tryLock()).toBe(true)
  performer.begin(mu.lock())
  mu.unlock() // grants
  performer.stop()
  performer.stop()
  await settle()
  expect(performer.reports).toEqual([])
  expect(mu.tryLock()).toBe(true)
})

it('a stop between grant and delivery does not deliver the next operation early', async () => {
  const [a, b] = [chan<number>(), chan<number>()]
  const performer = new Recorder()
  performer.begin(a.receive())
  a.trySend(1)
  performer.stop()
  performer.begin(b.receive())
  await settle()
  expect(performer.reports).toEqual([])
  b.trySend(2)
  await settle()
  expect(performer.reports).toEqual(['value {"_tag":"Some","value":2}'])
})

it('a subclass may take a grant by itself, when it has use for it', async () => {
  const ch = chan<number>()
  const performer = new Recorder()
  expect(performer.poll(ch.receive())).toBe(PENDING)
  expect(performer.grant()).toBe(PENDING)
  ch.trySend(1)
  expect(performer.grant()).toEqual({ _tag: 'Some', value: 1 })
  await settle()
  expect(performer.reports).toEqual([])
})
