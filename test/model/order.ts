/**
 * A select may park its cases in any order, but a biased one as written. What it did decides who is met first where two of them wait in one
 * queue, so the naive one takes over the order of the real one.
 */
import type { Doing } from './doing.js'
import { leavesOf, type Node, type Spot } from './naive.js'
import { read, trailOf, waitersOf, type Queue } from './queues.js'
import type { World } from './world.js'

/** Called when it has just parked: in each queue it came last. */
export function followOrder({ channels, contexts }: World, doing: Doing): void {
  for (const { real, naive } of channels) {
    naive.receivers = inOrder(naive.receivers, real.receivers, doing)
    naive.senders = inOrder(naive.senders, real.senders, doing)
  }
  for (const context of contexts) context.naive.receivers = inOrder(context.naive.receivers, waitersOf(context), doing)
}

function inOrder(spots: Spot[], queue: Queue, { naive }: Doing): Spot[] {
  const own = spots.filter(({ who }) => who === naive)
  if (own.length < 2) return spots
  const trails = read(queue).slice(-own.length).map(trailOf)
  const ordered = trails.map((trail) => own.find(({ leaf }) => leaf.trail === trail))
  const inOrder = ordered.filter((spot) => spot !== undefined)
  if (new Set(inOrder).size < own.length)
    throw new Error(`parks ${trails.join(' ')}, where ${own.map(({ leaf }) => leaf.trail).join(' ')} are right`)
  inOrder.forEach((spot, i) => {
    for (const later of inOrder.slice(i + 1)) {
      const isAsWritten = own.indexOf(spot) < own.indexOf(later)
      if (!isAsWritten && isBetweenBiased(naive.node, spot, later)) throw new Error(`parks ${trails.join(' ')}, and is biased`)
    }
  })
  return [...spots.slice(0, spots.length - own.length), ...inOrder]
}

/** True where the choice that tells the two apart is biased. */
function isBetweenBiased(node: Node, one: Spot, other: Spot): boolean {
  if (!('of' in node)) return false
  const inner = node.of.find((child) => leavesOf(child).includes(one.leaf))
  return inner !== undefined && leavesOf(inner).includes(other.leaf) ? isBetweenBiased(inner, one, other) : node.biased
}
