/** The counts of a run, and the lines that the program prints at its end. */

export class Counts {
  /** Second calls that began beside a slow first one. */
  hedged = 0
  /** Requests whose client left before the response. */
  left = 0
  /** Failures of calls that nobody waited for any more. */
  late = 0
}

/** Requests of the load by their end: a status, or `left`. */
export class Tally {
  readonly ends = new Map<string, number>()
  /** ms of each request with status 200. */
  private readonly _times: number[] = []

  add(end: string, ms: number): void {
    this.ends.set(end, (this.ends.get(end) ?? 0) + 1)
    if (end === '200') this._times.push(ms)
  }

  of(end: string): number {
    return this.ends.get(end) ?? 0
  }

  get total(): number {
    return [...this.ends.values()].reduce((sum, times) => sum + times, 0)
  }

  /** The time in ms that this part of the requests with status 200 did not exceed. */
  percentile(part: number): number {
    const sorted = this._times.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN
  }
}

/** The calls as the upstreams have seen them. */
export interface Calls {
  readonly received: number
  /** Calls whose connection was aborted before the response. */
  readonly canceled: number
}

export function linesOf(tally: Tally, counts: Counts, calls: Calls | null): string[] {
  const times = [0.5, 0.99].map((part) => `${tally.percentile(part).toFixed(0)} ms`)
  return [
    `${tally.total} requests: ${tally.of('200')} served (p50 ${times[0]}, p99 ${times[1]})`,
    `shed with 503: ${tally.of('503')}, limited with 429: ${tally.of('429')}`,
    `over the deadline: ${tally.of('504')}, failed upstream: ${tally.of('502')}`,
    `clients that left: ${tally.of('left')}, of them seen by the service: ${counts.left}`,
    `calls to upstreams: ${calls?.received ?? '?'}, canceled: ${calls?.canceled ?? '?'}, hedged: ${counts.hedged}, failed too late to matter: ${counts.late}`,
  ]
}
