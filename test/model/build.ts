/** An operation of a program, made twice: as the real one and as the naive one. And results in words, in which the two can be compared. */
import type { CancelContext, Op } from 'millrace'
import type { Channel } from '../../src/runtime/internal.js'
import type { Library } from './library.js'
import type { NaiveChannel, Node } from './naive.js'
import type { Shape } from './program.js'

export interface ChannelPair {
  readonly real: Channel<unknown>
  readonly naive: NaiveChannel
}

/** A context is to the naive one a channel that nobody sends on. */
export interface ContextPair {
  readonly real: CancelContext
  readonly naive: NaiveChannel
}

export interface Built {
  readonly op: Op<unknown>
  readonly node: Node
}

/** The answer of a try form that would have to wait. */
export const BLOCKED = Symbol('blocked')

export class Builder {
  private values = 0

  constructor(
    private readonly library: Library,
    private readonly slots: readonly ChannelPair[],
    private readonly contexts: readonly ContextPair[],
  ) {}

  /** Each value is sent once, but for those that are easily taken for nothing. */
  nextValue(): unknown {
    const n = this.values++
    return n % 9 === 7 ? undefined : n % 9 === 8 ? null : n
  }

  build(shape: Shape, path = '', trail = ''): Built {
    switch (shape.is) {
      case 'send': {
        const { real, naive } = this.slots[shape.slot]
        const value = this.nextValue()
        return { op: real.send(value), node: { does: 'send', channel: naive, value, path, trail } }
      }
      case 'receive': {
        const { real, naive } = this.slots[shape.slot]
        return { op: real.receive(), node: { does: 'receive', channel: naive, path, trail } }
      }
      case 'done': {
        const { real, naive } = this.contexts[shape.context]
        return { op: real.done(), node: { does: 'done', channel: naive, path, trail } }
      }
      case 'nil':
        return { op: this.library.never(), node: { biased: false, of: [] } }
      case 'select':
        return this.select(shape.of, shape.biased, path, trail)
      case 'choose': {
        const built = shape.of.map((one, i) => this.build(one, `${path}${i}: `, `${trail}${i}.`))
        // Choose answers the value alone, so the case is told by the values.
        const ops = built.map(({ op }, i) => op.map((value) => ({ case: i, value })))
        return { op: this.library.choose(...ops), node: { biased: false, of: built.map(({ node }) => node) } }
      }
      case 'within': {
        const { real, naive } = this.contexts[shape.context]
        const { op, node } = this.build(shape.of, path, `${trail}1.`)
        const end: Node = { does: 'within', channel: naive, path: '', trail: `${trail}0.` }
        return { op: op.within(real), node: { biased: true, of: [end, node] } }
      }
      case 'mapped': {
        const { op, node } = this.build(shape.of, path, trail)
        return { op: op.map((value) => value), node }
      }
    }
  }

  select(shapes: readonly Shape[], biased: boolean, path = '', trail = ''): Built & { readonly tried: () => unknown } {
    let present = 0
    const built = shapes.map((one, i) => this.build(one, `${path}${i}: `, `${trail}${isFalsy(one) ? 'nil' : present++}.`))
    const cases = built.map(({ op }, i) => {
      const shape = shapes[i]
      return isFalsy(shape) ? shape.as : op
    })
    const { select, trySelect } = this.library
    const tried = (): unknown => {
      const it = trySelect(cases, { biased })
      return it._tag === 'Some' ? it.value : BLOCKED
    }
    return { op: select(cases, { biased }), node: { biased, of: built.map(({ node }) => node) }, tried }
  }
}

function isFalsy(shape: Shape): shape is Shape & { readonly is: 'nil'; readonly as: false | null } {
  return shape.is === 'nil' && shape.as !== 'never'
}

/** How a performance ended, in the words of the naive one; null where it did not. */
export function outcomeOf(perform: () => unknown): string | null {
  try {
    const value = perform()
    return value === BLOCKED ? null : say(value)
  } catch (cause) {
    return sayThrow(cause)
  }
}

export function say(result: unknown): string {
  if (result === undefined) return 'void'
  const it = result as { _tag?: string; case?: number; value?: unknown } // an Option, or the answer of a select
  if (it._tag === 'Some') return `some ${String(it.value)}`
  return it._tag === 'None' ? 'none' : `${it.case}: ${say(it.value)}`
}

export function sayThrow(cause: unknown): string {
  if (!(cause instanceof Error)) return `throw ${String(cause)}`
  return `throw ${cause.message}${cause.message === 'send on closed channel' ? ` for ${String(cause.cause)}` : ''}`
}
