/** Messages as they are read, and as they are delivered. */
import type { CancelContext } from '../../runtime/index.js'
import type { Position } from './delivery.js'
import type { Message } from './lease.js'
import { OpenMessage } from './open-list.js'

/** A message of a log, as stored. */
export interface LogRecord<T> {
  readonly offset: number
  readonly value: T
  readonly key: string | null
  readonly headers: ReadonlyMap<string, string>
  /** Unix time in ms. */
  readonly time: number
  /** Default: of the source, the partition, the offset and the time. */
  readonly position?: Position
  readonly payload?: unknown
  readonly unreadable?: { readonly cause: unknown }
}

/** The parts that all deliveries of a message share. */
export interface MessageParts<T> {
  readonly record: Pick<Message<T>, 'value' | 'key' | 'headers' | 'payload' | 'unreadable'>
  readonly position: Position
  readonly ctx: CancelContext
}

/** A message that was read. */
export abstract class StoredMessage<T, P extends MessageParts<T> = MessageParts<T>> extends OpenMessage implements Message<T> {
  constructor(
    readonly parts: P,
    readonly attempt: number,
  ) {
    super()
  }

  get value(): T {
    return this.parts.record.value
  }
  get key(): string | null {
    return this.parts.record.key
  }
  get headers(): ReadonlyMap<string, string> {
    return this.parts.record.headers
  }
  get payload(): unknown {
    return this.parts.record.payload
  }
  get unreadable(): Message<T>['unreadable'] {
    return this.parts.record.unreadable
  }
  get position(): Position {
    return this.parts.position
  }
  get ctx(): CancelContext {
    return this.parts.ctx
  }
  abstract settled(how: 'done' | 'retry' | 'returned', after: number): void
}
