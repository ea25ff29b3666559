/** Which call of a partition's owner is the next, and what a call that finds another owner means. */
import type { Op } from 'millrace'
import { bubble } from 'millrace/testing'
import { expect, it } from 'vitest'
import { LogSession, type Claimed, type Grant, type LogPartition } from '../../src/adapters/broker/internal.js'

/** A way to a server that does what the test says, and notes each call. */
class Way extends LogSession {
  readonly calls: string[] = []
  /** The owner by the server; null: nobody. */
  owner: 'we' | 'another' | null = null
  epochs = 0
  isTurnOfAnother = false
  private _mark = -1
  private _said = -1

  constructor(
    private readonly _failed: (cause: unknown) => void = () => {},
    private readonly _messages = 100,
  ) {
    super({ owner: 1000, other: 100 }, (cause) => this._failed(cause))
    const note = (name: string) => () => void this.calls.push(name)
    this.driver = { granted: note('granted'), revoked: note('revoked'), handOver: note('hands over') } as unknown as LogPartition<unknown>
  }
  acknowledge(offset: number): void {
    this._mark = Math.max(this._mark, offset)
    this.session.wake()
  }
  protected *prepare(): Generator<never, void> {}
  protected get hasMark(): boolean {
    return this._mark > this._said
  }
  protected get places(): number {
    return this.wanted
  }
  protected *sendClaim(): Generator<never, Claimed | null> {
    this.calls.push('claim')
    if (this.owner === 'another') return null
    this.owner = 'we'
    return { epoch: ++this.epochs, grant: { floor: -1, rounds: 1, continues: false } }
  }
  protected begun({ floor }: Grant): void {
    this._mark = this._said = floor
  }
  protected *sendMark(): Generator<never, boolean> {
    this.calls.push(`mark ${this._mark}`)
    this._said = this._mark
    return this.owner === 'we'
  }
  protected *sendPull(): Generator<never, boolean> {
    this.calls.push(`pull ${this.wanted}`)
    this.wanted -= Math.min(this.wanted, this._messages)
    return this.owner === 'we'
  }
  protected *sendBeat(): Generator<never, { isOwner: boolean; handsOver: boolean }> {
    this.calls.push('beat')
    return { isOwner: this.owner === 'we', handsOver: this.isTurnOfAnother }
  }
  protected *sendRelease(): Generator<never, void> {
    this.calls.push('release')
    this.owner = null
  }
  protected override awaitMessages(): void {
    this.calls.push('awaits')
  }
  /** The calls since the last look. */
  get news(): string[] {
    return this.calls.splice(0)
  }
}

const within = (test: (way: Way, rest: () => Op<void>) => Generator<never, unknown>) =>
  bubble(function* (here) {
    const way = new Way()
    yield* test(way, () => here.wait())
    yield* way.close()
  })

it('claims once, pulls what is wanted, and says what is settled before a beat and before a release', () =>
  within(function* (way, rest) {
    way.claim()
    yield* rest()
    expect(way.news).toEqual(['claim', 'granted'])
    way.pull(3)
    yield* rest()
    expect(way.news).toEqual(['pull 3'])
    way.acknowledge(1)
    way.beat(2)
    way.release()
    yield* rest()
    expect(way.news).toEqual(['mark 2', 'release'])
  }))

for (const call of ['mark', 'pull', 'beat'] as const)
  it(`a ${call} that finds another owner revokes the partition, once; it pulls and beats no more until it is granted again`, () =>
    within(function* (way, rest) {
      way.claim()
      yield* rest()
      way.owner = 'another'
      void way.news
      if (call === 'mark') way.acknowledge(1)
      else if (call === 'pull') way.pull(1)
      else way.beat(-1)
      yield* rest()
      expect(way.news.map((each) => each.split(' ')[0])).toEqual([call, 'revoked'])
      way.acknowledge(5)
      way.pull(2)
      yield* rest()
      expect(way.news).toEqual([])
      way.owner = null
      way.claim()
      yield* rest()
      expect([way.news, way.epochs]).toEqual([['claim', 'granted'], 2])
    }))

it('beats where more is settled during each call', () =>
  within(function* (way, rest) {
    const send = way['sendMark'].bind(way)
    let offset = 1
    way['sendMark'] = function* () {
      const isOurs = yield* send()
      if (offset < 10) way.acknowledge(++offset)
      return isOurs
    }
    way.claim()
    yield* rest()
    void way.news
    way.beat(1)
    yield* rest()
    expect(way.news.slice(0, 3)).toEqual(['mark 1', 'beat', 'mark 2'])
  }))

it('hands over where it is the turn of another', () =>
  within(function* (way, rest) {
    way.claim()
    yield* rest()
    way.isTurnOfAnother = true
    way.beat(-1)
    yield* rest()
    expect(way.news).toEqual(['claim', 'granted', 'beat', 'hands over'])
  }))

it('a claim that is granted after the line was left is let go', () =>
  within(function* (way, rest) {
    const send = way['sendClaim'].bind(way)
    way['sendClaim'] = function* () {
      const claimed = yield* send()
      way.release()
      return claimed
    }
    way.claim()
    yield* rest()
    expect([way.news, way.owner]).toEqual([['claim', 'release'], null])
  }))

it('waits for messages only with places, and fails with the error of a call', () =>
  bubble(function* (here) {
    const failures: unknown[] = []
    const way = new Way((cause) => failures.push(cause), 1)
    way.claim()
    yield* here.wait()
    way.pull(2)
    yield* here.wait()
    expect(way.news).toEqual(['claim', 'granted', 'pull 2', 'awaits'])
    const error = new Error('gone')
    way['sendMark'] = function* () {
      throw error
    }
    way.acknowledge(0)
    yield* here.wait()
    expect(failures).toEqual([error])
    yield* way.close()
  }))
