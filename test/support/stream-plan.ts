/** What random plans of streams have in common, whatever the host: the draws of an end, and readers that note what comes. */
import { background, onLateFailure, type Receiver } from 'millrace'
import { run, workerPool } from 'millrace/operators'
import { map, take, tap, type Observable } from 'rxjs'
import { Random } from '../../src/runtime/base/random.js'
import { settle } from './settle.js'

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

/**
 * The late failures while plans run. Each failure is reported once: where the reader has left, the error of the source has no reader,
 * and may be a late failure, once. Each other late failure is a fault.
 */
export class LateFailures implements Disposable {
  /** The seed of the plan under way. */
  seed = 0
  private readonly _seen: { readonly error: unknown; readonly text: string }[] = []
  private readonly _withoutReader = new Set<unknown>()
  private readonly _off = onLateFailure((error, { name }) => {
    this._seen.push({ error, text: `seed ${this.seed}: late failure of ${name}: ${String(error)}` })
  })

  /** The plan is over, after this number of chunks, with an error or null. */
  after({ end, error, leaves }: Ending, chunks: number, ending: unknown): void {
    if (end === 'error' && chunks >= leaves && ending !== error) this._withoutReader.add(error)
  }

  async faults(): Promise<readonly string[]> {
    await settle()
    return this._seen.filter(({ error }) => !this._withoutReader.delete(error)).map(({ text }) => text)
  }

  [Symbol.dispose](): void {
    this._off()
  }
}
