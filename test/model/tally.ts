/** What the programs have come by: each operation in each state a channel can be in, counted at the moment it is performed. */
import { leavesOf, type Leaf, type NaiveChannel, type Node, type Performance } from './naive.js'
import type { By } from './program.js'

const STATES = [
  'unbuffered',
  'unbuffered, receivers wait',
  'unbuffered, senders wait',
  'unbuffered, one select waits both ways',
  'empty',
  'empty, receivers wait',
  'partly full',
  'full',
  'full, senders wait',
  'full, loses the oldest',
  'full, loses the newest',
  'over full (a value was given back)',
  'over full, senders wait',
  'closed with values',
  'closed and drained',
] as const
type State = (typeof STATES)[number]

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
  private readonly counts = new Map<string, number>()

  count(operation: Operation, channel: NaiveChannel): void {
    const key = keyOf(operation, stateOf(channel))
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
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

  /** The pairs that can be and never were. */
  get missing(): string[] {
    return OPERATIONS.flatMap((operation) =>
      STATES.filter((state) => isReachable(operation, state) && !this.counts.has(keyOf(operation, state))).map((state) =>
        keyOf(operation, state),
      ),
    )
  }

  /** One line for each operation, one column for each state. */
  toString(): string {
    const letters = STATES.map((_, i) => String.fromCharCode('A'.charCodeAt(0) + i))
    const legend = STATES.map((state, i) => `  ${letters[i]}  ${state}`)
    const rows = OPERATIONS.map((operation) => {
      const cells = STATES.map((state) => (isReachable(operation, state) ? String(this.counts.get(keyOf(operation, state)) ?? 0) : '-'))
      return row(operation, cells)
    })
    return ['operation × state of the channel, times performed:', ...legend, row('', letters), ...rows].join('\n')
  }
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(42) + cells.map((cell) => cell.padStart(7)).join('')
}

const keyOf = (operation: Operation, state: State): string => `${operation} × ${state}`

/** One that waits is there only where someone waits; and nobody waits to send where values are lost instead. */
function isReachable(operation: Operation, state: State): boolean {
  if (OF_ONE_THAT_WAITS.some((one) => one === operation)) return state.includes('wait')
  return !(operation.includes('of a send that was granted') && state.includes('loses'))
}

function stateOf({ capacity, loses, buffer, receivers, senders, closed }: NaiveChannel): State {
  if (closed !== null) return buffer.length > 0 ? 'closed with values' : 'closed and drained'
  if (buffer.length > capacity) return senders.length > 0 ? 'over full, senders wait' : 'over full (a value was given back)'
  if (capacity === 0) {
    if (receivers.length > 0) return senders.length > 0 ? 'unbuffered, one select waits both ways' : 'unbuffered, receivers wait'
    return senders.length > 0 ? 'unbuffered, senders wait' : 'unbuffered'
  }
  if (buffer.length === 0) return receivers.length > 0 ? 'empty, receivers wait' : 'empty'
  if (buffer.length < capacity) return 'partly full'
  if (loses !== null) return `full, loses the ${loses}`
  return senders.length > 0 ? 'full, senders wait' : 'full'
}

const isDirection = (does: Leaf['does']): does is Direction => does === 'send' || does === 'receive'

function channelsOf(node: Node): Set<NaiveChannel> {
  return new Set(leavesOf(node).flatMap(({ does, channel }) => (isDirection(does) ? [channel] : [])))
}

function isWithin({ of: [first] }: { of: readonly Node[] }): boolean {
  return first !== undefined && 'does' in first && first.does === 'within'
}
