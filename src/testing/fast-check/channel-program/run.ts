/** Runs a channel program, and records the result of each step. */
import { chan, range, select, sleep, trySelect, type Chan, type Op, type Option } from '../../../runtime/index.js'
import { spawn, type Spawned } from '../../../runtime/internal.js'
import type { MakeChannel } from '../../laws/index.js'
import { ScheduledRunner } from '../../explore/scheduled-run.js'
import { RecordedHistory, type BlockedAt, type ChannelEvent } from './history.js'
import { goroutineName, type ChannelCase, type ChannelPlan, type ChannelStep } from './plan.js'

type StepResult = Pick<ChannelEvent, 'result' | 'value' | 'case'>

const wouldBlock: StepResult = { result: 'would block' }

export class ChannelRun {
  private readonly _channels: readonly Chan<number>[]
  private readonly _history: RecordedHistory
  /** The current step of each goroutine. */
  private readonly _at: number[]

  constructor(
    private readonly _plan: ChannelPlan,
    make: MakeChannel | null,
  ) {
    this._channels = _plan.channels.map((capacity) => (make === null ? chan(capacity) : make(capacity)))
    this._history = new RecordedHistory(_plan)
    this._at = _plan.goroutines.map(() => 0)
  }

  /** Once no goroutine can continue, the blocked goroutines are canceled; with `deadlocks` they stay blocked. */
  *run(deadlocks: boolean): Generator<never, RecordedHistory> {
    const run = this
    const goroutines = this._plan.goroutines.map((steps, i) => {
      const body = function* (): Generator<never, void> {
        yield* run._stepsOf(steps, i)
      }
      return spawn(Object.defineProperty(body, 'name', { value: goroutineName(i) }), [], null)
    })
    if (!deadlocks) {
      if (ScheduledRunner.current === null)
        throw new Error('program.run: the program must run under a schedule; use schedule.run(program.run) or explore(program.run)')
      yield* ScheduledRunner.current.quiescence()
      this._release(goroutines)
    }
    for (const one of goroutines) yield* one.join().attempt()
    return this._history
  }

  private *_stepsOf(steps: readonly ChannelStep[], goroutine: number): Generator<never, void> {
    for (const [step, it] of steps.entries()) {
      this._at[goroutine] = step
      const at = { goroutine, step }
      try {
        if (it.do === 'range') yield* this._range(it.channel, at)
        else this._record(at, yield* this._do(it))
      } catch (error) {
        this._record(at, { result: 'threw', error })
      }
    }
  }

  private *_range(channel: number, at: BlockedAt): Generator<never, void> {
    for (const it = range(this._channels[channel]); yield* it.next();) this._record(at, { result: 'received', value: it.value })
    this._record(at, { result: 'none' })
  }

  private *_do(step: Exclude<ChannelStep, { readonly do: 'range' }>): Generator<never, StepResult> {
    switch (step.do) {
      case 'send':
      case 'receive':
        return resultOf(step, yield* this._operation(step))
      case 'select': {
        const it = yield* select(step.cases.map((one) => this._operation(one)))
        return { case: it.case, ...resultOf(step.cases[it.case], it.value) }
      }
      case 'trySelect': {
        const it = trySelect(step.cases.map((one) => this._operation(one)))
        return it._tag === 'None' ? wouldBlock : { case: it.value.case, ...resultOf(step.cases[it.value.case], it.value.value) }
      }
      case 'trySend':
        return this._channels[step.channel].trySend(step.value) ? { result: 'sent' } : wouldBlock
      case 'tryReceive': {
        const it = this._channels[step.channel].tryReceive()
        if (it._tag === 'Right') return { result: 'received', value: it.right }
        return it.left === 'closed' ? { result: 'none' } : wouldBlock
      }
      case 'close':
        this._channels[step.channel].close()
        return { result: 'closed' }
      case 'sleep':
        yield* sleep(step.ms)
        return { result: 'slept' }
    }
  }

  private _operation(step: ChannelCase): Op<void | Option<number>> {
    const channel = this._channels[step.channel]
    return step.do === 'send' ? channel.send(step.value) : channel.receive()
  }

  private _record(at: BlockedAt, result: Omit<ChannelEvent, keyof BlockedAt>): void {
    this._history.events.push({ ...at, ...result })
  }

  private _release(goroutines: readonly Spawned[]): void {
    for (const [goroutine, one] of goroutines.entries())
      if (!one.hasEnded) this._history.blocked.push({ goroutine, step: this._at[goroutine] })
    for (const one of goroutines) one.cancel()
  }
}

function resultOf(step: ChannelCase, received: void | Option<number>): StepResult {
  if (received === undefined || step.do === 'send') return { result: 'sent' }
  return received._tag === 'Some' ? { result: 'received', value: received.value } : { result: 'none' }
}
