/** Among the ready cases the draw is uniform: seen over many selects, for every set of ready cases out of two, three and four, and for those that wait. */
import type { Op } from 'millrace'
import { subscribable } from './doing.js'
import { Hand } from './hand.js'
import type { Library } from './library.js'

const DRAWS = 2000
/** Five standard deviations: one false alarm in two million; and the seed is fixed, so there is none. */
const DEVIATIONS = 5

export function checkFairness(library: Library, seed: number): void {
  const hand = new Hand(library, seed)
  try {
    for (const n of [2, 3, 4]) for (let ready = 1; ready < 2 ** n; ready++) checkFlat(library, n, ready)
    for (const n of [2, 3, 4]) checkParked(library, n, hand)
    checkNested(library)
  } finally {
    hand.release()
  }
}

/** `ready` has a bit for each case that is; the even ones receive, the odd ones send. */
function checkFlat({ chan, trySelect }: Library, n: number, ready: number): void {
  const isReady = (i: number): boolean => ((ready >> i) & 1) === 1
  const channels = Array.from({ length: n }, () => chan<number>(1))
  channels.forEach((channel, i) => {
    if (isReady(i) === (i % 2 === 0)) channel.trySend(i)
  })
  const counts = new Array<number>(n).fill(0)
  for (let draw = 0; draw < DRAWS; draw++) {
    const cases = channels.map((channel, i): Op<unknown> => (i % 2 === 0 ? channel.receive() : channel.send(i)))
    const chosen = trySelect<unknown>(cases)
    if (chosen._tag === 'None') throw new Error('a select with ready cases answers none')
    const { case: i } = chosen.value
    counts[i]++
    if (i % 2 === 0) channels[i].trySend(i)
    else channels[i].tryReceive()
  }
  const share = DRAWS / counts.filter((_, i) => isReady(i)).length
  counts.forEach((count, i) => checkCount(`case ${i} of ${n}, ready: ${ready.toString(2)}`, count, isReady(i) ? share : 0))
}

/** Cases that wait in one queue are met with the same chance by who comes. */
function checkParked({ chan, select }: Library, n: number, hand: Hand): void {
  const channel = chan<string>()
  const op = select<unknown>(Array.from({ length: n }, () => channel.receive()))
  const counts = new Array<number>(n).fill(0)
  for (let draw = 0; draw < DRAWS; draw++) {
    subscribable(op).subscribe({ next: (chosen) => counts[(chosen as { case: number }).case]++ }) // the answer of a select
    channel.trySend('')
    hand.turn()
  }
  counts.forEach((count, i) => checkCount(`case ${i} of ${n} that wait in one queue`, count, DRAWS / n))
}

/** A choice within a choice is one case, however many it has. */
function checkNested({ chan, choose, trySelect }: Library): void {
  const one = chan<string>(1)
  const others = [chan<string>(1), chan<string>(1), chan<string>(1)]
  for (const channel of [one, ...others]) channel.trySend('')
  let ones = 0
  for (let draw = 0; draw < DRAWS; draw++) {
    const chosen = trySelect<unknown>([one.receive(), choose(...others.map((channel) => channel.receive()))])
    if (chosen._tag === 'Some' && chosen.value.case === 0) ones++
    for (const channel of [one, ...others]) if (channel.size === 0) channel.trySend('')
  }
  checkCount('a case beside a nested choice', ones, DRAWS / 2)
}

function checkCount(what: string, count: number, expected: number): void {
  const deviation = Math.sqrt(expected * (1 - expected / DRAWS))
  if (Math.abs(count - expected) > DEVIATIONS * deviation)
    throw new Error(`${what}: chosen ${count} times of ${DRAWS}, where ${Math.round(expected)} are fair`)
}
