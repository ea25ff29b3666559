import type { Readable, Writable } from 'node:stream'
import type { Subscriber } from 'rxjs'
import type { Scope } from '../../../operators/internal.js'
import { spawn } from '../../../runtime/internal.js'
import { closed } from '../streams/stream-end.js'

/** The run ends when the descriptor of the stream is free, which is after the stream was left. */
export function awaitClose(stream: Readable | Writable, scope: Scope, subscriber: Subscriber<never>): void {
  subscriber.add(() => scope.cleanup?.add(spawn(() => closed(stream), [], null, 'file close')))
}
