/**
 * Decides whether a history is possible: whether some order of the events, true to each goroutine, is right at every
 * event for a plain model of channels (arrays and a flag). The search is depth first and visits each state once, as a
 * linearizability check does (Wing and Gong, 1993). An unbuffered send and its receive are a single event of two
 * goroutines.
 *
 * The model errs in favor of the channel: on an unbuffered channel, a try form may always find no partner.
 */
import type { ChannelEvent, ChannelHistory } from './history.js'
import type { ChannelCase, ChannelPlan, ChannelStep } from './plan.js'

interface State {
  /** The number of events of each goroutine so far. */
  readonly at: readonly number[]
  readonly buffers: readonly (readonly number[])[]
  readonly closed: readonly boolean[]
}

interface Next {
  readonly goroutine: number
  readonly event: ChannelEvent
  readonly step: ChannelStep
  /** The send or receive of the event, of a select its case; null where the event names none. */
  readonly leaf: ChannelCase | null
}

export function isPossible(plan: ChannelPlan, history: ChannelHistory): boolean {
  return new Search(plan, history).found
}

class Search {
  readonly found: boolean
  private readonly _events: readonly (readonly ChannelEvent[])[]
  private readonly _seen = new Set<string>()

  constructor(
    private readonly _plan: ChannelPlan,
    private readonly _history: ChannelHistory,
  ) {
    this._events = _plan.goroutines.map((_, goroutine) => _history.events.filter((event) => event.goroutine === goroutine))
    const { channels, goroutines } = _plan
    this.found =
      goroutines.every((steps, goroutine) => this._isWhole(steps, goroutine)) &&
      this._leadsToTheEnd({ at: goroutines.map(() => 0), buffers: channels.map(() => []), closed: channels.map(() => false) })
  }

  /** Each step has its end, up to the blocked step. */
  private _isWhole(steps: readonly ChannelStep[], goroutine: number): boolean {
    const ended = this._events[goroutine].filter(({ step, result }) => steps[step]?.do !== 'range' || result !== 'received')
    const blocked = this._history.blocked.find((one) => one.goroutine === goroutine)
    const order = this._events[goroutine].every(({ step }, i, all) => i === 0 || all[i - 1].step <= step)
    return order && ended.every(({ step }, i) => step === i) && ended.length === (blocked?.step ?? steps.length)
  }

  private _leadsToTheEnd(state: State): boolean {
    const key = JSON.stringify([state.at, state.buffers, state.closed])
    if (this._seen.has(key)) return false
    this._seen.add(key)
    const nexts = this._nextOf(state)
    if (nexts.length === 0) return this._endsIn(state)
    for (const next of nexts) {
      const after = this._after(state, next)
      if (after !== null && this._leadsToTheEnd(after)) return true
      for (const partner of nexts) if (this._meet(state, next, partner) && this._leadsToTheEnd(passed(state, next, partner))) return true
    }
    return false
  }

  private _nextOf({ at }: State): Next[] {
    return at.flatMap((i, goroutine) => {
      const event = this._events[goroutine].at(i)
      if (event === undefined) return []
      const step = this._plan.goroutines[goroutine][event.step]
      return [{ goroutine, event, step, leaf: leafOf(step, event) }]
    })
  }

  /** The state after this event alone; null where the event is impossible in this state. */
  private _after(state: State, next: Next): State | null {
    const { event, step, leaf } = next
    const { result, value } = event
    if (result === 'slept') return step.do === 'sleep' ? passed(state, next) : null
    if (result === 'would block') return isTry(step) && leavesOf(step).every((one) => this._waits(state, one)) ? passed(state, next) : null
    if (result === 'threw') return throwsIn(state, step) ? passed(state, next) : null
    if (result === 'closed') {
      if (step.do !== 'close' || state.closed[step.channel]) return null
      return { ...passed(state, next), closed: state.closed.with(step.channel, true) }
    }
    if (leaf === null) return null
    const { channel } = leaf
    const buffer = state.buffers[channel]
    const holding = (values: readonly number[]): State => ({ ...passed(state, next), buffers: state.buffers.with(channel, values) })
    if (result === 'sent') {
      if (leaf.do !== 'send' || state.closed[channel] || buffer.length >= this._plan.channels[channel]) return null
      return holding([...buffer, leaf.value])
    }
    if (leaf.do !== 'receive') return null
    if (result === 'none') return state.closed[channel] && buffer.length === 0 ? passed(state, next) : null
    return buffer.length > 0 && buffer[0] === value ? holding(buffer.slice(1)) : null
  }

  /**
   * Whether the second receives the value of the first without a buffer. At least the sender or the receiver waited.
   */
  private _meet({ closed }: State, sender: Next, receiver: Next): boolean {
    if (sender.leaf?.do !== 'send' || receiver.leaf?.do !== 'receive' || sender.event.result !== 'sent') return false
    const { channel, value } = sender.leaf
    if (receiver.leaf.channel !== channel || receiver.event.result !== 'received' || receiver.event.value !== value) return false
    return this._plan.channels[channel] === 0 && !closed[channel] && !(isTry(sender.step) && isTry(receiver.step))
  }

  /** Whether each blocked goroutine is blocked rightly. */
  private _endsIn(state: State): boolean {
    const waiting = this._history.blocked.map(({ goroutine, step }) => ({ goroutine, step: this._plan.goroutines[goroutine][step] }))
    return waiting.every(({ goroutine, step }) => {
      const others = waiting.filter((one) => one.goroutine !== goroutine).flatMap((one) => leavesOf(one.step))
      return (
        canWait(step) &&
        leavesOf(step).every(
          (leaf) => this._waits(state, leaf) && !others.some((other) => other.channel === leaf.channel && other.do !== leaf.do),
        )
      )
    })
  }

  /** Whether the state of the channel makes the operation wait. */
  private _waits({ buffers, closed }: State, leaf: ChannelCase): boolean {
    const { length } = buffers[leaf.channel]
    return !closed[leaf.channel] && (leaf.do === 'send' ? length >= this._plan.channels[leaf.channel] : length === 0)
  }
}

function passed(state: State, ...all: readonly Next[]): State {
  return { ...state, at: state.at.map((i, goroutine) => (all.some((one) => one.goroutine === goroutine) ? i + 1 : i)) }
}

function leafOf(step: ChannelStep, event: ChannelEvent): ChannelCase | null {
  const leaves = leavesOf(step)
  if (step.do !== 'select' && step.do !== 'trySelect') return leaves.at(0) ?? null
  return event.case === undefined ? null : (leaves.at(event.case) ?? null)
}

/** The sends and receives that a step may perform. */
function leavesOf(step: ChannelStep): readonly ChannelCase[] {
  switch (step.do) {
    case 'select':
    case 'trySelect':
      return step.cases
    case 'send':
    case 'trySend':
      return [{ do: 'send', channel: step.channel, value: step.value }]
    case 'receive':
    case 'tryReceive':
    case 'range':
      return [{ do: 'receive', channel: step.channel }]
    case 'close':
    case 'sleep':
      return []
  }
}

function isTry(step: ChannelStep): boolean {
  return step.do === 'trySend' || step.do === 'tryReceive' || step.do === 'trySelect'
}

function canWait(step: ChannelStep): boolean {
  return step.do === 'send' || step.do === 'receive' || step.do === 'range' || step.do === 'select'
}

function throwsIn({ closed }: State, step: ChannelStep): boolean {
  if (step.do === 'close') return closed[step.channel]
  return leavesOf(step).some((leaf) => leaf.do === 'send' && closed[leaf.channel])
}
