/** Functions that run on the threads of a page. */
import { range, type Context, type Receiver, type Sender } from 'millrace'
import { onThreads } from 'millrace/threads'

export const work = onThreads(import.meta, {
  hash(bytes: Uint8Array): number {
    let hash = 5381
    for (const byte of bytes) hash = ((hash * 33) ^ byte) >>> 0
    return hash
  },
  isWorker: () => typeof document === 'undefined',
  fail(): never {
    throw Object.assign(new RangeError('out of range', { cause: new Error('the cause') }), { code: 'E_OWN' })
  },
  /** Ends by the context alone. */
  spin(ctx: Context): string {
    while (ctx.err()._tag === 'None');
    return 'ended'
  },
  *doubled(numbers: Receiver<number>, to: Sender<number>) {
    for (const it = range(numbers); yield* it.next();) yield* to.send(2 * it.value)
    to.close()
  },
  leave: () => (globalThis as unknown as { close(): void }).close(),
  throwLater: () => void setTimeout(() => { throw new Error('of a timer') }), // prettier-ignore
  forever(): void {
    while (performance.now() > 0); // a bundler drops an empty loop without a call
  },
})
