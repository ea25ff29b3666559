/**
 * The search for a deadlock across threads, over threads that are a model: messages, wakes by shared memory, work of an event loop and the
 * time are steps, and a schedule decides their order. Always true: where the process ends, nothing was under way anywhere; and a
 * process in which nothing is under way ends.
 */
import { expect, it } from 'vitest'
import type { Trial } from 'millrace/testing'
import type { Port, ThreadEvents } from '../../src/adapters/threads/hosts/host.js'
import { HeldPort } from '../../src/adapters/threads/stillness/held-port.js'
import { Stillness } from '../../src/adapters/threads/stillness/stillness.js'
import { Watch, type ThreadLoop } from '../../src/adapters/threads/stillness/watch.js'
import { CANCEL, LINK, ASK, STILL, type Batch } from '../../src/adapters/threads/wire/batch.js'
import { portionOf } from '../support/portion.js'
import { exploreCounted, printsSchedules } from './explored.js'

printsSchedules('stillness')

/** A side: what its event loop has to do. Wakes by shared memory keep no loop alive. */
class Side {
  tasks = 0
  wakes = 0
  get isEmpty(): boolean {
    return this.tasks === 0 && this.wakes === 0
  }
}

class ModelThread extends Side implements Port, ThreadLoop {
  readonly toThread: Batch[] = []
  readonly toHome: Batch[] = []
  holds = false
  isTiming = false
  isUnwinding = false
  hasGrace = false
  events: ThreadEvents | null = null
  onTime = (): void => {}
  onEmpty: (() => void) | null = null
  onActs: (() => void) | null = null
  readonly watch: Watch

  constructor(waits: boolean) {
    super()
    this.watch = new Watch(this, {
      isWaiting: () => waits,
      isTimed: () => this.isUnwinding,
      dump: () => 'goroutines',
      post: (batch) => this.toHome.push(batch),
    })
  }

  // The port of the home side.
  post(batch: Batch): void {
    this.toThread.push(batch)
  }
  hold(holds: boolean): void {
    this.holds = holds
  }
  terminate(): void {}

  // The loop of the thread.
  whenEmpty(f: () => void): () => void {
    this.onEmpty = f
    return () => (this.onEmpty = null)
  }
  onAct(f: () => void): () => void {
    this.onActs = f
    return () => (this.onActs = null)
  }
  timer(_ms: number, f: () => void): void {
    this.isTiming = true
    this.onTime = f
  }

  send(): void {
    this.toHome.push([LINK, 0, 0, null])
    this.watch.acted()
  }
}

class World {
  readonly home = new Side()
  readonly threads: ModelThread[]
  readonly ports: HeldPort[]
  hasEnded = false
  private _isRevived = false
  private readonly _stillness: Stillness
  private _onEmpty: (() => void) | null = null

  constructor(
    private readonly _trial: Trial,
    size: number,
    /** What the code of this world does more before it only waits. */
    private _energy: number,
    callsOf: (thread: number) => boolean,
  ) {
    this._stillness = new Stillness(
      (f) => ((this._onEmpty = f), () => (this._onEmpty = null)),
      () => true,
    )
    this.threads = Array.from({ length: size }, (_, i) => new ModelThread(callsOf(i)))
    this.ports = this.threads.map((thread, i) => {
      const events = { receive: () => this._code(this.home), ended: () => {} }
      const start = (held: ThreadEvents): Port => ((thread.events = held), thread)
      const port = new HeldPort(start, events, this._stillness, () => [`f${i}`])
      port.hold(callsOf(i))
      return port
    })
    for (const port of this.ports) port.post([LINK, 0, 0, null], [])
  }

  /**
   * Code of a side does one thing more: it gives its loop work, wakes a side by shared memory (mostly), or sends a message. So what is
   * under way passes from side to side while threads become still.
   */
  private _code(side: Side): void {
    if (this._energy === 0) return
    this._energy--
    const what = this._trial.choose(8)
    const other = this._trial.choose(this.threads.length + 1)
    if (what === 0) side.tasks++
    else if (what > 1) (other === this.threads.length ? this.home : this.threads[other]).wakes++
    else if (side instanceof ModelThread) side.send()
    else this._post(other % this.threads.length)
  }

  /** A message to a thread: a value, or the cancel of a call. The timer of its grace keeps no loop alive. */
  private _post(thread: number): void {
    const { hasGrace } = this.threads[thread]
    if (!hasGrace && this._trial.choose(2) === 1) {
      this.threads[thread].hasGrace = true
      this.ports[thread].post([CANCEL, 0, null], [])
    } else this.ports[thread].post([LINK, 0, 0, null], [])
  }

  private _endsGrace(thread: ModelThread): void {
    thread.hasGrace = thread.isUnwinding = false
    thread.send()
  }

  /** What may happen next. */
  private *_steps(): Generator<() => void, void> {
    for (const thread of this.threads) {
      if (thread.toThread.length > 0) yield () => this._received(thread, thread.toThread.shift() as Batch)
      if (thread.toHome.length > 0) yield () => thread.events?.receive(thread.toHome.shift() as Batch)
      if (thread.tasks > 0) yield () => this._runs(thread, 'tasks')
      if (thread.wakes > 0) yield () => this._runs(thread, 'wakes')
      if (thread.isUnwinding) yield () => this._endsGrace(thread)
      if (thread.isTiming) yield () => this._time(thread)
      if (thread.onEmpty !== null && thread.isEmpty) yield () => this._empty(thread)
    }
    if (this.home.tasks > 0) yield () => this._runs(this.home, 'tasks')
    if (this.home.wakes > 0) yield () => this._runs(this.home, 'wakes')
    if (this.home.isEmpty && !this.threads.some(({ holds }) => holds)) yield () => this._homeEmpty()
  }

  private _received(thread: ModelThread, batch: Batch): void {
    if (thread.watch.received(batch)) return
    if (batch[0] === CANCEL) thread.isUnwinding = true
    else this._code(thread)
  }

  private _runs(side: Side, kind: 'tasks' | 'wakes'): void {
    side[kind]--
    if (side instanceof ModelThread) side.onActs?.()
    this._code(side)
  }

  private _time(thread: ModelThread): void {
    thread.isTiming = false
    thread.onTime()
  }

  private _empty(thread: ModelThread): void {
    const f = thread.onEmpty
    thread.onEmpty = null
    f?.()
  }

  private _homeEmpty(): void {
    this._onEmpty?.()
    this.hasEnded = !this.threads.some(({ holds }) => holds)
    if (!this.hasEnded || this._isRevived || this._trial.choose(2) === 0) return
    // A signal, or a listener of the user: there is work again before the process ends.
    this._isRevived = true
    this.hasEnded = false
    expect(this.underWay).toEqual([])
    this._energy = 10
    this.home.tasks++
  }

  /** What is under way, in words. */
  get underWay(): readonly string[] {
    const isOwn = ([kind]: Batch): boolean => kind !== ASK && kind !== STILL
    return this.threads.flatMap((thread, i) => [
      ...thread.toThread.filter(isOwn).map(() => `a message to thread ${i}`),
      ...thread.toHome.filter(isOwn).map(() => `a message from thread ${i}`),
      ...(thread.hasGrace ? [`the grace of thread ${i}`] : []),
      ...(thread.isEmpty ? [] : [`work of thread ${i}`]),
    ])
  }

  run(): void {
    while (!this.hasEnded) {
      const steps = [...this._steps()]
      if (steps.length === 0) throw new Error('nothing is under way, and the process does not end')
      steps[this._trial.choose(steps.length)]()
    }
    expect(this.underWay, 'a process ends when nothing is under way').toEqual([])
    expect(this._stillness.isOver).toBe(true)
    const lines = this.threads.map((_, i) => `thread ${i + 1}, which runs f${i}:\ngoroutines`)
    expect([...this._stillness.dumps()]).toEqual(lines)
  }
}

it.each([
  ['one thread with calls', 1, () => true],
  ['two threads with calls', 2, () => true],
  ['three threads, two with calls', 3, (i: number) => i < 2],
  ['threads without calls, where a goroutine here waits for shared memory', 2, () => false],
] as const)('a process ends when nothing is under way, and only then: %s', async (_name, size, callsOf) => {
  await exploreCounted((trial) => new World(trial, size, 30, callsOf).run(), { schedules: portionOf(1000), strategy: 'random' })
})
