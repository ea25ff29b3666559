/** The drivers of the broker in memory: a partition of a log, and a queue, over a connection. */
import { withCancel, type CancelContext } from '../../../runtime/index.js'
import { positionOf } from '../delivery.js'
import type { Lease, PullDriver } from '../lease.js'
import type { LogRecord } from '../stored-message.js'
import { LogPartition, type LogLink } from '../log-partition.js'
import type { Claim, MemoryLogPartition } from './log.js'
import type { MemoryQueue, QueueConsumer } from './queue.js'
import type { Topic } from './topic.js'

/** The connection of a worker, as its drivers see it. */
export interface Connection {
  readonly member: number
  readonly isAlive: boolean
  /** Chosen for each acknowledgement that arrives. */
  readonly losesAcknowledgement: boolean
  send(arrival: () => void): void
  tell(arrival: () => void): void
  onReconnect(f: () => void): () => void
  /** Completes when everything that was sent has arrived. */
  flushed(): unknown
}

interface LogDriverOptions {
  readonly link: Connection
  readonly beat: number
  readonly window: number
}

class MemoryClaim implements Claim {
  driver: LogPartition<unknown> | null = null

  constructor(private readonly _link: Connection) {}

  get member(): number {
    return this._link.member
  }
  get isAlive(): boolean {
    return this._link.isAlive
  }
  tell(event: (part: LogPartition<unknown>) => void): void {
    this._link.tell(() => this.driver !== null && event(this.driver))
  }
}

export function logDriver<T>(topic: Topic, partition: number, { link, beat, window }: LogDriverOptions, lease: Lease<T>): PullDriver {
  const part = topic.log[partition]
  const claim = new MemoryClaim(link)
  const way = new LogWay(
    link,
    part,
    claim,
    link.onReconnect(() => claim.driver?.reconnected()),
  )
  const driver = new LogPartition<T>(lease, way, { source: topic.name, partition, beat, window })
  claim.driver = driver // the caller says which values the topic has
  return driver
}

class LogWay implements LogLink {
  constructor(
    private readonly _link: Connection,
    private readonly _part: MemoryLogPartition,
    private readonly _claim: Claim,
    private readonly _forget: () => void,
  ) {}

  claim(): void {
    this._link.send(() => this._part.claim(this._claim))
  }
  pull(n: number): void {
    this._link.send(() => this._part.pull(this._claim, n))
  }
  acknowledge(offset: number): void {
    this._link.send(() => {
      if (!this._link.losesAcknowledgement) this._part.acknowledge(this._claim, offset)
    })
  }
  beat(floor: number): void {
    this._link.send(() => this._part.beat(this._claim, floor))
  }
  release(): void {
    this._link.send(() => this._part.release(this._claim))
  }
  close(): unknown {
    this._forget()
    this.release()
    return this._link.flushed()
  }
}

/** The lease of a message in a queue has ended: another worker may have the message. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError'
  constructor(
    readonly source: string,
    readonly offset: number,
  ) {
    super(`the lease of ${source}:${offset} has ended, and another worker may have the message`)
  }
}

export function queueDriver<T>({ name, queue }: Topic, link: Connection, lease: Lease<T>): PullDriver {
  return new QueueDriver<T>(name, queue, link, lease)
}

class QueueDriver<T> implements PullDriver, QueueConsumer {
  private readonly _held = new Map<number, { readonly attempt: number; readonly ctx: CancelContext }>()
  private _asked = 0
  private _isStopped = false
  private readonly _forget: () => void

  constructor(
    private readonly _name: string,
    private readonly _queue: MemoryQueue,
    private readonly _link: Connection,
    private readonly _lease: Lease<T>,
  ) {
    this._forget = _link.onReconnect(() => {
      if (!this._isStopped && this._asked > 0) this._pull(this._asked)
    })
  }

  get isAlive(): boolean {
    return this._link.isAlive
  }

  request(n: number): void {
    this._asked += n
    this._pull(n)
  }

  private _pull(n: number): void {
    this._link.send(() => this._queue.pull(this, n))
  }

  arrived(record: LogRecord<unknown>, attempt: number): void {
    this._link.tell(() => this._deliver(record as LogRecord<T>, attempt)) // the caller says which values the topic has
  }

  private _deliver({ offset, value, key, headers, time }: LogRecord<T>, attempt: number): void {
    this._asked = Math.max(0, this._asked - 1)
    const entry = { attempt, ctx: withCancel(this._lease.ctx) }
    this._held.set(offset, entry)
    this._lease.deliver({
      value,
      key,
      headers,
      attempt,
      ctx: entry.ctx,
      position: positionOf(this._name, 0, offset, time),
      settled: (how, after) => {
        if (this._held.get(offset) === entry) this._held.delete(offset)
        entry.ctx.cancel()
        this._link.send(() => this._settled(how, offset, attempt, after))
      },
    })
  }

  private _settled(how: 'done' | 'retry' | 'returned', offset: number, attempt: number, after: number): void {
    if (how === 'retry') this._queue.retry(this, offset, attempt, after)
    else if (how === 'returned') this._queue.returned(this, offset, attempt)
    else if (!this._link.losesAcknowledgement) this._queue.done(this, offset, attempt)
  }

  lost(offset: number, attempt: number): void {
    this._link.tell(() => {
      const entry = this._held.get(offset)
      if (entry?.attempt === attempt) entry.ctx.cancel(new LeaseLostError(this._name, offset))
    })
  }

  stop(): void {
    this._isStopped = true
    this._link.send(() => this._queue.leave(this))
  }

  beat(): void {
    const held = [...this._held].map(([offset, { attempt }]) => [offset, attempt] as const)
    this._link.send(() => this._queue.beat(this, held))
  }

  close(): unknown {
    this._forget()
    this._link.send(() => this._queue.leave(this))
    return this._link.flushed()
  }
}
