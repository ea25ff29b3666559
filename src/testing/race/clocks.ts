/**
 * The vector clocks of a run. A strand (a goroutine, the host) has its clock in a chain; a clock counts its sections.
 *
 * Always true: there are at most `MOST` chains. Beyond that a new strand shares the chain of another. Strands that share a
 * chain pass for ordered, so that a report can be lost, and none is made up. (ThreadSanitizer has the same limit.)
 */

/** What a strand has done so far: all up to `clock` on its own chain, and up to `vc[i]` on the other chains. */
export interface Snapshot {
  readonly chain: number
  readonly clock: number
  readonly vc: readonly number[]
}

/** A point of a strand: one of its sections. */
export interface Epoch {
  readonly chain: number
  readonly clock: number
}

/**
 * Whether a section came before the point of the snapshot, or is part of it. On a shared chain a strand may have seen more
 * than its own clock.
 */
export function isBefore(epoch: Epoch, point: Snapshot): boolean {
  return hasReached(point, epoch.chain, epoch.clock)
}

function hasReached({ chain: own, clock: now, vc }: Snapshot, chain: number, clock: number): boolean {
  return clock <= (vc[chain] ?? 0) || (chain === own && clock <= now)
}

/**
 * Whether a point has seen all that another has. The clock alone does not tell: a section may release, acquire, and release
 * again, all at one clock.
 */
export function covers(point: Snapshot, other: Snapshot): boolean {
  if (!isBefore(other, point)) return false
  if (other.vc === point.vc) return true
  for (let chain = 0; chain < other.vc.length; chain++) if (!hasReached(point, chain, other.vc[chain] ?? 0)) return false
  return true
}

/** Points of a list that are kept apart. */
const MOST_APART = 8

/** Adds a snapshot to a list in which none covers another. A list that grows long becomes one point, which covers each. */
export function merged(list: readonly Snapshot[], snapshot: Snapshot): readonly Snapshot[] {
  if (list.length === 0 || (list.length === 1 && covers(snapshot, list[0]))) return [snapshot]
  const apart = [...list.filter((one) => !covers(snapshot, one)), snapshot]
  return apart.length > MOST_APART ? [joined(apart)] : apart
}

/** A point at no clock of its own, which has seen all of these. */
function joined(points: readonly Snapshot[]): Snapshot {
  const vc: number[] = []
  const see = (chain: number, clock: number): void => void (vc[chain] = Math.max(vc[chain] ?? 0, clock))
  for (const point of points) {
    point.vc.forEach((clock, chain) => see(chain, clock))
    see(point.chain, point.clock)
  }
  return { chain: HOST, clock: 0, vc: Array.from(vc, (clock) => clock ?? 0) }
}

/** The chain of the host. */
export const HOST = 0

const MOST = 256

/** Free chains that are looked at for a new strand. */
const LOOKED_AT = 16

export class Clocks {
  /** The clock of the newest section of each chain. */
  readonly heads: number[] = [0]
  /** Chains whose strand has ended. */
  private readonly _free: number[] = []
  /** The place among them that was looked at last. */
  private _looked = 0
  private _shared = 0

  /** A chain for a strand that has seen `vc`: an ended strand that it has seen the end of is continued. */
  newChain(vc: readonly number[]): number {
    const free = this._free
    for (let n = Math.min(free.length, LOOKED_AT); n > 0; n--) {
      const i = (this._looked = (this._looked + 1) % free.length)
      const chain = free[i]
      if (this.heads[chain] > (vc[chain] ?? 0)) continue
      free[i] = free[free.length - 1]
      free.pop()
      return chain
    }
    if (this.heads.length < MOST) return this.heads.push(0) - 1
    return (this._shared = 1 + (this._shared % (MOST - 1)))
  }

  free(chain: number): void {
    if (chain !== HOST && this._free.length < MOST && !this._free.includes(chain)) this._free.push(chain)
  }
}
