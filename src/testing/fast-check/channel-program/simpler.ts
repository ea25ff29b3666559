/**
 * Channel programs simpler than a given program: fewer goroutines, then fewer steps, then fewer cases, then plainer
 * steps, then fewer channels, then steps on earlier channels, lower capacities and shorter sleeps.
 *
 * Always true: each program is less by this order, so shrinking ends; and none exceeds the bounds of the draw.
 */
import { renumbered, type ChannelCase, type ChannelPlan, type ChannelStep, type ChannelVerb } from './plan.js'

export interface ProgramBounds {
  /** The most steps of each goroutine. */
  readonly steps: number
  readonly verbs: readonly ChannelVerb[]
}

type Body = readonly ChannelStep[]

export function* simplerPrograms(plan: ChannelPlan, bounds: ProgramBounds): Generator<ChannelPlan, void> {
  const { channels, goroutines } = plan
  for (const simpler of simplerGoroutines(goroutines, bounds)) yield { channels, goroutines: renumbered(simpler) }
  yield* withFewerChannels(plan)
  for (const simpler of withEach(goroutines, (body) => withEach(body, withEarlierChannels))) yield { channels, goroutines: simpler }
  for (const simpler of withEach(channels, lower)) yield { channels: simpler, goroutines }
  for (const simpler of withEach(goroutines, (body) => withEach(body, withoutSleeping))) yield { channels, goroutines: simpler }
}

function* simplerGoroutines(goroutines: readonly Body[], { steps, verbs }: ProgramBounds): Generator<readonly Body[], void> {
  if (goroutines.length > 1) yield* withoutOne(goroutines)
  yield* joined(goroutines, steps)
  for (let size = steps >> 1; size >= 1; size >>= 1) yield* withEach(goroutines, (body) => without(body, size))
  yield* withEach(goroutines, (body) => withEach(body, withFewerCases))
  yield* withEach(goroutines, (body) => withEach(body, (step) => plainer(step).filter((one) => verbs.includes(one.do))))
}

/** The list with a part replaced by a simpler part. */
function* withEach<T>(all: readonly T[], simpler: (one: T) => Iterable<T>): Generator<readonly T[], void> {
  for (const [i, one] of all.entries()) for (const other of simpler(one)) yield all.with(i, other)
}

function* withoutOne<T>(all: readonly T[]): Generator<readonly T[], void> {
  for (const i of all.keys()) yield all.toSpliced(i, 1)
}

/** The list without `size` parts in a row; never empty. */
function* without<T>(all: readonly T[], size: number): Generator<readonly T[], void> {
  if (size < all.length) for (let from = 0; from < all.length; from += size) yield all.toSpliced(from, size)
}

/** Two goroutines joined, in either order. */
function* joined(goroutines: readonly Body[], most: number): Generator<readonly Body[], void> {
  for (const [i, one] of goroutines.entries())
    for (const [j, other] of goroutines.entries())
      if (i !== j && one.length + other.length <= most) yield goroutines.with(i, [...one, ...other]).toSpliced(j, 1)
}

function* withFewerCases(step: ChannelStep): Generator<ChannelStep, void> {
  if ('cases' in step && step.cases.length > 1) for (const cases of withoutOne(step.cases)) yield { ...step, cases }
}

function plainer(step: ChannelStep): readonly ChannelStep[] {
  switch (step.do) {
    case 'trySend':
      return [{ ...step, do: 'send' }]
    case 'tryReceive':
    case 'range':
      return [{ do: 'receive', channel: step.channel }]
    case 'trySelect':
      return step.cases.length > 1 ? [{ ...step, do: 'select' }] : [{ ...step, do: 'select' }, tryForm(step.cases[0])]
    case 'select':
      return step.cases.length > 1 ? [] : step.cases
    case 'send':
    case 'receive':
    case 'close':
    case 'sleep':
      return []
  }
}

function tryForm(one: ChannelCase): ChannelStep {
  return one.do === 'send' ? { ...one, do: 'trySend' } : { ...one, do: 'tryReceive' }
}

/** A program without one of its channels; another channel takes its place. */
function* withFewerChannels({ channels, goroutines }: ChannelPlan): Generator<ChannelPlan, void> {
  for (const gone of channels.keys())
    for (const instead of channels.keys()) {
      if (instead === gone) continue
      const place = (channel: number): number => {
        const at = channel === gone ? instead : channel
        return at > gone ? at - 1 : at
      }
      yield { channels: channels.toSpliced(gone, 1), goroutines: goroutines.map((body) => body.map((step) => onChannels(step, place))) }
    }
}

function onChannels(step: ChannelStep, place: (channel: number) => number): ChannelStep {
  if ('cases' in step) return { ...step, cases: step.cases.map((one) => ({ ...one, channel: place(one.channel) })) }
  return 'channel' in step ? { ...step, channel: place(step.channel) } : step
}

function* withEarlierChannels(step: ChannelStep): Generator<ChannelStep, void> {
  if ('channel' in step) yield* withEarlierChannel(step)
  if ('cases' in step) for (const cases of withEach(step.cases, withEarlierChannel)) yield { ...step, cases }
}

function* withEarlierChannel<T extends { readonly channel: number }>(one: T): Generator<T, void> {
  for (let channel = 0; channel < one.channel; channel++) yield { ...one, channel }
}

function lower(capacity: number): readonly number[] {
  return [0, capacity >> 1, capacity - 1].filter((other, i, all) => other >= 0 && other < capacity && all.indexOf(other) === i)
}

function withoutSleeping(step: ChannelStep): readonly ChannelStep[] {
  return step.do === 'sleep' && step.ms > 1 ? [{ ...step, ms: 1 }] : []
}
