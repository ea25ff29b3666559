import type { Duplex } from 'node:stream'
import type { Observable, OperatorFunction, Subscriber } from 'rxjs'
import { currentScope, Demand, described, under, withDemand } from '../../../operators/internal.js'
import { checkFunction, checkMethod } from '../../../runtime/internal.js'
import { flow } from './chunk-flow.js'
import { writeTo } from './write-to.js'

/**
 * A stage made of a Duplex or Transform of Node: gzip, a cipher, a csv parser, a socket. `make` makes a stream for each
 * subscriber; items are written to it, and the chunks read from it are the results.
 *
 * Shape: as the stream gives. Holds 2 items, an item to be written and a result; the stream holds what its two
 * `highWaterMark` allow, and one chunk. A full stream pauses the source; results are read only while the stages below
 * have demand. Completes when the stream has ended and everything is written; at the end of its results alone for a
 * stream that is not half-open. Fails with the error of the stream, the same object, and of `make`. An error of the
 * source, the end of the context, and a subscriber that leaves destroy the stream; chunks inside it are lost. Throws
 * TypeError for an argument that is no function.
 *
 * @example
 * ```ts
 * import { createGzip, createGunzip } from 'node:zlib'
 *
 * const copied = fromIterable(['a', 'b']).pipe(throughDuplex(() => createGzip()), throughDuplex(() => createGunzip()))
 * console.log(Buffer.concat(yield* collect(ctx, copied).join()).toString()) // ab
 * ```
 */
export function throughDuplex<T, R = Buffer>(make: () => Duplex): OperatorFunction<T, R> {
  checkFunction('throughDuplex(make)', make)
  return (source) =>
    described<R>({ name: 'throughDuplex', holds: 2, source }, (subscriber) => {
      const duplex = under(null, make)
      checkMethod('throughDuplex(make): the result of make', 'a Duplex or Transform', duplex, 'read')
      new Passage<T, R>(subscriber, duplex).connect(source)
    })
}

/** The two sides of a stream in a pipeline: it ends when both have ended. */
class Passage<T, R> {
  private readonly _scope = currentScope()
  private _sidesLeft = 2

  constructor(
    private readonly _subscriber: Subscriber<R>,
    private readonly _duplex: Duplex,
  ) {}

  connect(source: Observable<T>): void {
    const { _subscriber: subscriber, _duplex: duplex } = this
    const error = (cause: unknown): void => subscriber.error(cause)
    under(this._scope, () => flow<R>(duplex, subscriber, () => this._readAll(), null))
    // The writing side emits nothing: it has a demand of its own, so that it is no source of the stage below.
    const above = withDemand(this._scope, new Demand())
    subscriber.add(under(above, () => source.pipe(writeTo<T>(duplex)).subscribe({ error, complete: () => this._sideEnded() })))
  }

  private _readAll(): void {
    // Node ends the other side of such a stream: what is written to it now has no reader.
    if (!this._duplex.allowHalfOpen || !this._duplex.writable) this._sidesLeft = 1
    this._sideEnded()
  }

  private _sideEnded(): void {
    if (--this._sidesLeft === 0) this._subscriber.complete()
  }
}
