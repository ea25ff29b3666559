/** What random plans of streams have in common, whatever the host: the draws of an end, and readers that note what comes. */
import { background, type Receiver } from 'millrace'
import { run, workerPool } from 'millrace/operators'
import { map, take, tap, type Observable } from 'rxjs'
import { Random } from '../../src/runtime/base/random.js'

/** How a plan ends, and how its reader does. */
export interface Ending {
  readonly end: 'complete' | 'error'
  readonly error: Error
  /** The reader leaves after this number of chunks; Infinity reads all. */
  readonly leaves: number
}

export interface StreamPlan<C> extends Ending {
  readonly random: Random
  readonly highWaterMark: number
  readonly chunks: readonly C[]
}

/** Resolves now, or in a later turn. */
export type Turn = (random: Random) => Promise<void>

export function seeded(seed: number): Random {
  return new Random(Math.imul(seed, 0x9e3779b1)) // seeds that are close begin with the same draws
}

export function pick<T>(random: Random, all: readonly T[]): T {
  return all[random.below(all.length)] // there is one
}

export function endingOf(random: Random, seed: number): Ending {
  return {
    end: random.below(4) === 0 ? 'error' : 'complete',
    error: new Error(`of plan ${seed}`),
    leaves: random.below(5) === 0 ? random.below(4) : Infinity,
  }
}

/** Notes what a pipeline emits, as slow as the plan says. Resolves with the error, or null. */
export async function collected<C>(plan: StreamPlan<C>, pipeline: Observable<C>, got: C[], turn: Turn): Promise<unknown> {
  const { random, leaves } = plan
  const slow = random.below(2) === 0 ? slowed<C>(random, turn) : map((chunk: C) => chunk)
  return endOf(pipeline.pipe(slow, take(leaves), tap((chunk) => got.push(chunk)))) // prettier-ignore
}

/** Work that keeps the order, and is slow. */
export function slowed<C>(random: Random, turn: Turn): ReturnType<typeof workerPool<C, C>> {
  return workerPool(1 + random.below(2), async (chunk: C) => (await turn(random), chunk), { ordered: true })
}

/** The error of a pipeline, or null. */
export async function endOf(pipeline: Observable<unknown>): Promise<unknown> {
  const end = await run(background, pipeline).join().attempt()
  return end._tag === 'Left' ? end.left : null
}

/** Notes what a receiver of a stream receives. Resolves with the error, or null. */
export async function received<C>(plan: StreamPlan<C>, chunks: Receiver<C> & { cancel(): void }, got: C[], turn: Turn): Promise<unknown> {
  try {
    while (got.length < plan.leaves) {
      const chunk = await chunks.receive()
      if (chunk._tag === 'None') return null
      got.push(chunk.value)
      await turn(plan.random)
    }
    chunks.cancel()
    return null
  } catch (error) {
    return error
  }
}
