/** Channel programs as data, and as the text of a program. */

/** A send or a receive; `channel` is its index in the program's list. Each value is sent in a single place. */
export type ChannelCase =
  { readonly do: 'send'; readonly channel: number; readonly value: number } | { readonly do: 'receive'; readonly channel: number }

/** A step of a goroutine. `range` receives until the channel is closed; `trySelect` is Go's select with a default. */
export type ChannelStep =
  | ChannelCase
  | { readonly do: 'trySend'; readonly channel: number; readonly value: number }
  | { readonly do: 'tryReceive' | 'close'; readonly channel: number }
  | { readonly do: 'range'; readonly channel: number }
  | { readonly do: 'select' | 'trySelect'; readonly cases: readonly ChannelCase[] }
  | { readonly do: 'sleep'; readonly ms: number }

/** The kind of a step. */
export type ChannelVerb = ChannelStep['do']

/** A channel program as data. */
export interface ChannelPlan {
  /** The capacity of each channel. */
  readonly channels: readonly number[]
  /** The steps of each goroutine. */
  readonly goroutines: readonly (readonly ChannelStep[])[]
}

/** Numbers the values 1, 2, 3, … in the order of the text. */
export function renumbered(goroutines: readonly (readonly ChannelStep[])[]): ChannelStep[][] {
  let value = 0
  const numbered = <S extends ChannelStep>(step: S): S => ('value' in step ? { ...step, value: ++value } : step)
  return goroutines.map((steps) => steps.map((step) => ('cases' in step ? { ...step, cases: step.cases.map(numbered) } : numbered(step))))
}

export function textOfPlan({ channels, goroutines }: ChannelPlan): string {
  const made = channels.map((capacity, i) => `const ${channelName(i)} = chan<number>(${capacity})`)
  const started = goroutines.map((steps, i) =>
    steps.length === 0
      ? `go(function* ${goroutineName(i)}() {})`
      : `go(function* ${goroutineName(i)}() {\n${steps.map((step) => `  ${statement(step)}\n`).join('')}})`,
  )
  return [...made, ...started].join('\n')
}

/** `a`, `b`, …, `z`, `ch26`, …. */
export function channelName(i: number): string {
  return i < 26 ? String.fromCharCode(97 + i) : `ch${i}`
}

export function goroutineName(i: number): string {
  return `g${i + 1}`
}

/** The step as in the text of the program. */
export function textOfStep(step: ChannelStep): string {
  switch (step.do) {
    case 'send':
    case 'trySend':
      return `${channelName(step.channel)}.${step.do}(${step.value})`
    case 'receive':
    case 'tryReceive':
    case 'close':
      return `${channelName(step.channel)}.${step.do}()`
    case 'range':
      return `range(${channelName(step.channel)})`
    case 'select':
    case 'trySelect':
      return `${step.do}([${step.cases.map(textOfStep).join(', ')}])`
    case 'sleep':
      return `sleep(${step.ms})`
  }
}

function statement(step: ChannelStep): string {
  if (step.do === 'range') return `for (const it = ${textOfStep(step)}; yield* it.next();) {}`
  const waits = !['trySend', 'tryReceive', 'close', 'trySelect'].includes(step.do)
  return `${waits ? 'yield* ' : ''}${textOfStep(step)}`
}
