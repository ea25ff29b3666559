/**
 * What programs come by while they are explored: each operation in each state that a channel can be in, counted at the moment it is performed, by
 * stand-ins for methods of the runtime.
 */
import { chan, range, select } from 'millrace'
import { Channel, Operation, PENDING, Receiving } from '../../src/runtime/internal.js'
import { MethodSpies, prototypeOf, type Method, type Methods } from './method-spies.js'
import { Counts, stateOf, type Look, type State } from '../support/channel-states.js'

const OPERATIONS = [
  'send',
  'receive',
  'range',
  'trySend',
  'tryReceive',
  'close',
  'select, send case',
  'select, receive case',
  'select of both directions',
  'trySelect, send case',
  'trySelect, receive case',
  'default of a send case',
  'default of a receive case',
  'one that waits leaves',
  'one that was granted gives back',
] as const
type Counted = (typeof OPERATIONS)[number]

type AnyChannel = Channel<unknown>

/** Counts from the beginning to the end of its life. */
export class ChannelTally implements Disposable {
  /** What was met that breaks the word of a channel. */
  readonly broken = new Set<string>()
  private readonly _counts = new Counts<Counted>(OPERATIONS, isReachable)
  private readonly _spies = new MethodSpies()
  /** Operations that are being performed: a choice that is polled outside of that is a trySelect. */
  private _performed = 0
  /** Choices that are being polled: their cases are not performed by themselves. */
  private _polled = 0

  constructor() {
    this._spyOnChannels()
    this._spyOnOperations()
    this._spies.put(methodsOf(Operation), ['next', 'then', 'subscribe'], (original) => this._performing(original))
    this._spies.put(prototypeOf(prototypeOf(select([]))), ['poll'], (original) => this._choosing(original))
  }

  [Symbol.dispose](): void {
    this._spies.restore()
  }

  get missing(): string[] {
    return this._counts.missing
  }

  get unexpected(): string[] {
    return this._counts.unexpected
  }

  toString(): string {
    return this._counts.toString()
  }

  private _spyOnChannels(): void {
    const methods = { trySend: 'offer', tryReceive: 'tryReceive', close: 'close' } as const
    for (const [name, method] of Object.entries(methods))
      this._before(methodsOf(Channel), method, (it) => this._add(name as keyof typeof methods, it))
    this._before(methodsOf(Channel), 'giveBack', (it) => this._add('one that was granted gives back', it))
  }

  private _spyOnOperations(): void {
    const ch = chan<unknown>()
    const performed = { send: ch.send(0), receive: ch.receive(), range: range(ch).next() }
    for (const name of ['send', 'receive', 'range'] as const)
      this._before(prototypeOf(performed[name]), 'poll', (it) => {
        if (this._polled === 0) this._add(name, channelOf(it))
      })
    for (const prototype of [prototypeOf(performed.send), methodsOf(Receiving)])
      this._before(prototype, 'withdraw', (it) => {
        const look = lookAt(channelOf(it))
        if (!look.closed) this._counts.add('one that waits leaves', stateOf(look)) // else it is the close that ends its select
      })
  }

  private _before(prototype: Methods, name: string, see: (it: object) => void): void {
    this._spies.put(prototype, [name], (original) => {
      return function (this: object, ...args) {
        see(this)
        return original.apply(this, args)
      }
    })
  }

  private _performing(original: Method): Method {
    const enter = (by: number): void => void (this._performed += by)
    return function (this: object, ...args) {
      enter(1)
      try {
        return original.apply(this, args)
      } finally {
        enter(-1)
      }
    }
  }

  private _choosing(original: Method): Method {
    const poll = this._poll.bind(this)
    return function (this: object) {
      return poll(this as Operation<unknown>, () => original.call(this))
    }
  }

  private _poll(choice: Operation<unknown>, original: () => unknown): unknown {
    if (this._polled > 0) return original() // a nested one: its cases are the outer one's
    const isTry = this._performed === 0
    const cases = leavesOf(choice).map((leaf) => ({ leaf, does: directionOf(leaf), state: this._stateNow(channelOf(leaf)) }))
    this._polled++
    try {
      const result = original()
      if (isTry && result === PENDING) for (const { does, state } of cases) this._counts.add(`default of a ${does} case`, state)
      return result
    } finally {
      this._polled--
      const sentOn = new Set(cases.filter(({ does }) => does === 'send').map(({ leaf }) => channelOf(leaf)))
      for (const { leaf, does, state } of cases) {
        this._counts.add(`${isTry ? 'trySelect' : 'select'}, ${does} case`, state)
        if (!isTry && does === 'receive' && sentOn.has(channelOf(leaf))) this._counts.add('select of both directions', state)
      }
    }
  }

  private _add(operation: Counted, channel: object): void {
    this._counts.add(operation, this._stateNow(channel as AnyChannel))
  }

  private _stateNow(channel: AnyChannel): State {
    const look = lookAt(channel)
    const state = stateOf(look)
    if (!isSound(look)) this.broken.add(`${state}: ${JSON.stringify(look)}`)
    return state
  }
}

/** There is no default where the case is ready, and nobody to leave where nobody waits. */
function isReachable(operation: Counted, state: State): boolean {
  if (operation === 'default of a send case') return /^(unbuffered|(over )?full( \(.*\))?)(, senders wait)?$/.test(state)
  if (operation === 'default of a receive case') return /^(unbuffered|empty)(, receivers wait)?$/.test(state)
  return operation !== 'one that waits leaves' || state.includes('wait')
}

function lookAt(channel: AnyChannel): Look {
  const { capacity, size, isClosed: closed, receivers, senders } = channel
  const { _loses: loses } = channel as unknown as { readonly _loses: 'oldest' | 'newest' | null } // private
  return { capacity, size, closed, loses, receiversWait: receivers.first !== null, sendersWait: senders.first !== null }
}

/** Nobody waits who could go on; who waits for both are the cases of one select. */
function isSound({ capacity, size, closed, receiversWait, sendersWait }: Look): boolean {
  if (receiversWait && (size > 0 || closed)) return false
  return !sendersWait || (size >= capacity && !closed && (!receiversWait || capacity === 0))
}

/** The operations on channels that it is made of. */
function leavesOf(operation: Operation<unknown>): readonly Operation<unknown>[] {
  const parts = operation.parts()
  if (parts.length > 0) return parts.flatMap(leavesOf)
  return operation.describe().startsWith('chan ') && channelOf(operation) instanceof Channel ? [operation] : []
}

const channelOf = (operation: object): AnyChannel => (operation as { readonly channel: AnyChannel }).channel

const directionOf = (leaf: Operation<unknown>): 'send' | 'receive' => (leaf.describe() === 'chan send' ? 'send' : 'receive')

function methodsOf(kind: abstract new (...args: never[]) => object): Methods {
  return kind.prototype as Methods
}
