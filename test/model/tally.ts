/** What the programs have come by: each operation in each state a channel can be in, counted at the moment it is performed. */
import { leavesOf, type Leaf, type NaiveChannel, type Node, type Performance } from './naive.js'
import type { By } from './program.js'
import { Counts, stateOf, type State } from '../support/channel-states.js'

type Direction = 'send' | 'receive'
type Operation =
  | `${By | `select by ${By},` | 'trySelect' | 'try' | 'biased' | 'nested' | 'within a context'} ${Direction}`
  | (typeof OTHERS)[number]
  | (typeof OF_ONE_THAT_WAITS)[number]

const OTHERS = [
  'select of both directions',
  'select of one direction twice',
  'within an ended context',
  'close',
  'close with a cause',
  'cancel of a receive that was granted',
  'cancel of a send that was granted',
  'unsubscribe of a receive that was granted',
  'unsubscribe of a send that was granted',
] as const

const OF_ONE_THAT_WAITS = ['cancel of one that waits', 'unsubscribe of one that waits', 'end of the context of one that waits'] as const

const OPERATIONS: readonly Operation[] = [
  ...(['goroutine', 'await', 'subscription'] as const).flatMap((by) => [by, `select by ${by},`] as const),
  ...(['try', 'trySelect', 'biased', 'nested', 'within a context'] as const),
]
  .flatMap((form): Operation[] => [`${form} send`, `${form} receive`])
  .concat(OTHERS, OF_ONE_THAT_WAITS)

export class Tally {
  private readonly counts = new Counts<Operation>(OPERATIONS, isReachable)

  count(operation: Operation, { capacity, loses, buffer, receivers, senders, closed }: NaiveChannel): void {
    const look = { capacity, loses, size: buffer.length, receiversWait: receivers.length > 0, sendersWait: senders.length > 0 }
    this.counts.add(operation, stateOf({ ...look, closed: closed !== null }))
  }

  /** One that begins. */
  performance(node: Node, by: By): void {
    if (!('of' in node)) this.leaves(by, node)
    else if (isWithin(node)) this.within(node.of)
    else this.select(node, by)
  }

  leaves(form: By | 'trySelect' | 'nested' | 'within a context' | 'biased' | `select by ${By},`, node: Node): void {
    for (const { does, channel } of leavesOf(node)) if (isDirection(does)) this.count(`${form} ${does}`, channel)
  }

  /** One that waits, or was granted something that is not delivered yet. */
  stop(how: 'cancel' | 'unsubscribe', { node, outcome, granted }: Performance): void {
    const sent = leavesOf(node).find(({ does, path }) => does === 'send' && outcome === `${path}void`)
    if (outcome === null) for (const channel of channelsOf(node)) this.count(`${how} of one that waits`, channel)
    else if (granted !== null) this.count(`${how} of a receive that was granted`, granted.channel)
    else if (sent !== undefined) this.count(`${how} of a send that was granted`, sent.channel)
  }

  contextEnds(ended: NaiveChannel): void {
    for (const { who } of ended.receivers)
      for (const channel of channelsOf(who.node)) this.count('end of the context of one that waits', channel)
  }

  private within([context, inner]: readonly Node[]): void {
    if (leavesOf(context)[0].channel.closed === null) this.leaves('within a context', inner)
    else for (const channel of channelsOf(inner)) this.count('within an ended context', channel)
  }

  private select(node: Exclude<Node, Leaf>, by: By): void {
    this.leaves(`select by ${by},`, node)
    if (node.biased) this.leaves('biased', node)
    for (const channel of channelsOf(node)) {
      const directions = leavesOf(node).flatMap((leaf) => (leaf.channel === channel ? [leaf.does] : []))
      if (new Set(directions).size > 1) this.count('select of both directions', channel)
      if (new Set(directions).size < directions.length) this.count('select of one direction twice', channel)
    }
    for (const inner of node.of) if ('of' in inner) this.leaves('nested', inner)
  }

  get missing(): string[] {
    return this.counts.missing
  }

  toString(): string {
    return this.counts.toString()
  }
}

/** One that waits is there only where someone waits; and nobody waits to send where values are lost instead. */
function isReachable(operation: Operation, state: State): boolean {
  if (OF_ONE_THAT_WAITS.some((one) => one === operation)) return state.includes('wait')
  return !(operation.includes('of a send that was granted') && state.includes('loses'))
}

const isDirection = (does: Leaf['does']): does is Direction => does === 'send' || does === 'receive'

function channelsOf(node: Node): Set<NaiveChannel> {
  return new Set(leavesOf(node).flatMap(({ does, channel }) => (isDirection(does) ? [channel] : [])))
}

function isWithin({ of: [first] }: { of: readonly Node[] }): boolean {
  return first !== undefined && 'does' in first && first.does === 'within'
}
