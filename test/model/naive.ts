/**
 * What channels and select mean, in the plainest words: arrays, no scheduler, nothing shared. A performance waits, or has its outcome; a
 * context is a channel that is only ever closed. Where a select has a choice, every ready case is allowed, and the real one is followed.
 */
export class NaiveChannel {
  readonly buffer: unknown[] = []
  receivers: Spot[] = []
  senders: Spot[] = []
  closed: { readonly cause: string | undefined } | null = null
  /** Of the values at the head of the buffer that were given back: the turns in which they were granted. */
  readonly returned: number[] = []
  grants = 0
  constructor(
    readonly capacity: number,
    readonly loses: 'oldest' | 'newest' | null,
  ) {}
}
/** A case as written: `path` goes in front of its outcome; `trail` is where it stands, nil cases not counted. */
export interface Leaf {
  readonly does: 'send' | 'receive' | 'done' | 'within'
  readonly channel: NaiveChannel
  readonly value?: unknown
  readonly path: string
  readonly trail: string
}
export type Node = Leaf | { readonly biased: boolean; readonly of: readonly Node[] }
export interface Performance {
  readonly node: Node
  outcome: string | null
  /** A value that it received after a wait: until it is delivered it may be given back. */
  granted: { readonly channel: NaiveChannel; readonly value: unknown; readonly turn: number } | null
}
export type Spot = { readonly who: Performance; readonly leaf: Leaf }
export const leavesOf = (node: Node): readonly Leaf[] => ('of' in node ? node.of.flatMap(leavesOf) : [node])

/** The cases that may go on: any of the ready ones, or of the first that is ready where the choice is biased. */
export function allowed(node: Node): readonly Leaf[] {
  if (!('of' in node)) return answer(node) === null ? [] : [node]
  const ready = node.of.map(allowed).filter((leaves) => leaves.length > 0)
  return node.biased ? (ready[0] ?? []) : ready.flat()
}

/** What a case answers if it can go on now. */
export function answer({ does, path, channel: { buffer, receivers, senders, capacity, loses, closed } }: Leaf): string | null {
  if (does === 'receive' && buffer.length + senders.length > 0) return `${path}some ${String([...buffer, senders[0]?.leaf.value][0])}`
  const hasRoom = receivers.length > 0 || buffer.length < capacity || loses !== null
  if (closed === null) return does === 'send' && hasRoom ? `${path}void` : null
  if (does === 'send') return `throw send on closed channel for ${String(closed.cause)}`
  if (does === 'done') return `${path}void`
  return closed.cause === undefined ? `${path}none` : `throw ${String(closed.cause)}`
}

/** Performs as the real one did: it completed with `real`, or waits where that is null (and `parks`). */
export function perform(node: Node, real: string | null, parks: boolean): Performance {
  const who: Performance = { node, outcome: real, granted: null }
  const options = allowed(node)
  const chosen = options.find((leaf) => answer(leaf) === real)
  if (chosen !== undefined) commit(chosen)
  else if (options.length > 0 || real !== null) throw new Error(`answers ${real}, where ${JSON.stringify(options.map(answer))} are allowed`)
  else if (parks) for (const leaf of leavesOf(node)) leaf.channel[leaf.does === 'send' ? 'senders' : 'receivers'].push({ who, leaf })
  return who
}

function commit({ does, value, channel, channel: { buffer, returned, receivers, senders, capacity, loses, closed } }: Leaf): void {
  if (does === 'receive') {
    const wasBuffered = buffer.length > 0
    buffer.shift()
    returned.shift()
    if (senders.length === 0 || (wasBuffered && buffer.length >= capacity)) return
    if (wasBuffered) buffer.push(senders[0].leaf.value)
    grant(senders[0], `${senders[0].leaf.path}void`)
  } else if (does === 'send' && closed === null) {
    if (receivers.length > 0) return giveBack(channel, value)
    if (buffer.length < capacity || loses === 'oldest') buffer.push(value)
    for (; buffer.length > capacity && loses === 'oldest'; returned.shift()) buffer.shift()
  }
}

function grant({ who }: Spot, outcome: string | null): void {
  leave(who)
  who.outcome = outcome
}

export function close(channel: NaiveChannel, cause: string | undefined): void {
  const waiting = [...channel.receivers, ...channel.senders]
  Object.assign(channel, { closed: { cause }, receivers: [], senders: [] })
  for (const spot of waiting) if (spot.who.outcome === null) grant(spot, answer(spot.leaf))
}

export function leave(who: Performance): void {
  for (const { channel } of leavesOf(who.node)) {
    channel.receivers = channel.receivers.filter((spot) => spot.who !== who)
    channel.senders = channel.senders.filter((spot) => spot.who !== who)
  }
}

/** Hands a value to the next receiver; those that were given back stand at the head, as they were granted, where nobody waits. */
export function giveBack(channel: NaiveChannel, value: unknown, turn = Infinity): void {
  const [next] = channel.receivers
  if (next === undefined) {
    const { buffer, returned } = channel
    const before = returned.filter((other) => other < turn).length
    returned.splice(before, 0, turn)
    return void buffer.splice(before, 0, value)
  }
  grant(next, `${next.leaf.path}some ${String(value)}`)
  next.who.granted = { channel, value, turn: channel.grants++ }
}
