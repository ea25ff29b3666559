/** The commits of a member: those that come while a request is under way go out together with the next. */
import { after, chan, select } from '../../runtime/index.js'
import { BatchPublisher, type Unstored } from '../broker/internal.js'
import { isFenced } from './client.js'
import type { Cluster } from './cluster.js'

export interface Commit {
  readonly partition: number
  /** The offset of the first message that is not settled. */
  readonly offset: number
  readonly text: string
  /** The era of the member in which the partition was taken. */
  readonly era: number
}

/** The partition is not this member's any more. */
export class LostError extends Error {
  override readonly name = 'LostError'
}

export interface CommitsParts {
  readonly cluster: Cluster
  readonly member: { readonly era: number }
  readonly send: (batch: readonly Commit[], era: number) => Promise<void>
  readonly fenced: () => void
}

/** ms between two commits, unless one is urgent: each is a write to the log of the group. */
const PAUSE = 50

export class Commits extends BatchPublisher<Commit> {
  private readonly _hurried = chan<void>(1)

  constructor(private readonly _parts: CommitsParts) {
    super()
  }

  /** The next commit does not wait for the time between two. */
  hurry(): void {
    this._hurried.trySend()
  }

  protected sizeOf(waiting: readonly Unstored<Commit>[]): number {
    return waiting.length
  }

  protected *store(batch: readonly Unstored<Commit>[]): Generator<never, void> {
    const { cluster, member, send, fenced } = this._parts
    const { era } = member
    const mine = batch.filter(({ message }) => message.era === era)
    for (const one of batch) if (one.message.era !== era) one.settled({ error: new LostError() })
    const latest = new Map(mine.map(({ message }) => [message.partition, message]))
    if (latest.size === 0) return
    try {
      yield* cluster.asked(() => send([...latest.values()], era))
      for (const one of mine) one.settled(null)
    } catch (error) {
      const isLost = isFenced(error) || error instanceof LostError
      if (isFenced(error) && era === member.era) fenced()
      for (const one of mine) one.settled({ error: isLost ? new LostError() : error })
      return
    }
    yield* select({ pause: after(PAUSE), hurried: this._hurried.receive() })
  }
}
