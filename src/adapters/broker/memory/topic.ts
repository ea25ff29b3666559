/** A topic of the broker in memory: the messages of its partitions, and either a log or a queue over them. */
import type { LogRecord } from '../stored-message.js'
import type { Faults } from './faults.js'
import { MemoryLogPartition } from './log.js'
import { MemoryQueue } from './queue.js'
import type { Lag } from '../lag.js'
import { time } from '../../../runtime/internal.js'

/** A message that a topic stores. */
export interface MemoryMessage {
  readonly value: unknown
  readonly key: string | null
  readonly headers: ReadonlyMap<string, string>
  readonly partition: number
  readonly offset: number
}

export interface TopicOptions {
  readonly partitions: number
  readonly lease: number
  readonly window: number
  readonly faults: Faults
}

export interface Publishing {
  readonly value: unknown
  readonly key: string | null
  readonly headers: ReadonlyMap<string, string>
  /** A message with an id that the topic has is not stored again. */
  readonly id: string | null
}

export class Topic {
  /** Consumed as a log, as a queue, or not at all. */
  use: 'log' | 'queue' | null = null
  readonly log: readonly MemoryLogPartition[]
  readonly queue: MemoryQueue
  private readonly _ids = new Set<string>()
  private readonly _messages: MemoryMessage[] = []
  private _unkeyed = 0

  constructor(
    readonly name: string,
    { partitions, lease, window, faults }: TopicOptions,
  ) {
    const numbers = Array.from({ length: partitions }, (_, i) => i)
    this.log = numbers.map((i) => new MemoryLogPartition({ lease, window, faults }, (members) => ownerOf(i, members)))
    this.queue = new MemoryQueue(lease, faults)
  }

  get messages(): readonly MemoryMessage[] {
    return this._messages
  }

  publish({ value, key, headers, id }: Publishing): void {
    if (id !== null && this._ids.has(id)) return
    if (id !== null) this._ids.add(id)
    const partition = key === null ? this._unkeyed++ % this.log.length : partitionOf(key, this.log.length)
    const record: Omit<LogRecord<unknown>, 'offset'> = { value, key, headers, time: time.timers.wall() }
    if (this.use === 'queue') this.queue.publish(record)
    const offset = this.use === 'queue' ? this._messages.length : this.log[partition].publish(record)
    this._messages.push({ value, key, headers, partition, offset })
  }

  /** A topic that is consumed for the first time becomes a log or a queue. */
  consumedAs(use: 'log' | 'queue'): void {
    if (this.use !== null && this.use !== use) throw new Error(`topic ${JSON.stringify(this.name)} is consumed as a ${this.use} already`)
    if (this.use === null && use === 'queue')
      for (const { value, key, headers } of this._messages) this.queue.publish({ value, key, headers, time: time.timers.wall() })
    this.use = use
  }

  get lag(): Lag {
    const now = time.timers.wall()
    if (this.use === 'queue') {
      const { waiting, underWay, oldest } = this.queue
      return { waiting, underWay, oldestMs: oldest === Infinity ? 0 : now - oldest, byPartition: [waiting + underWay], missed: 0 }
    }
    const byPartition = this.log.map(({ records, floor }) => records.length - floor - 1)
    const underWay = this.log.reduce((sum, part) => sum + part.underWay, 0)
    const oldest = Math.min(...this.log.map(({ records, floor }) => records[floor + 1]?.time ?? Infinity))
    const waiting = byPartition.reduce((sum, n) => sum + n, 0) - underWay
    return { waiting, underWay, oldestMs: oldest === Infinity ? 0 : now - oldest, byPartition, missed: 0 }
  }

  /** Every message is settled, or the topic is not consumed. */
  get isSettled(): boolean {
    if (this.use === null) return true
    const { waiting, underWay } = this.lag
    return waiting + underWay === 0
  }

  forget(): void {
    this.queue.forget()
    for (const part of this.log) part.forget()
  }
}

/** FNV-1a. */
export function partitionOf(key: string, partitions: number): number {
  let hash = 2166136261
  for (const char of key) hash = Math.imul(hash ^ (char.codePointAt(0) as number), 16777619) // a character has a code point
  return (hash >>> 0) % partitions
}

/** Partitions are dealt to the members in turn. */
function ownerOf(partition: number, members: readonly number[]): number {
  const sorted = [...members].sort((a, b) => a - b)
  return sorted[partition % sorted.length]
}
