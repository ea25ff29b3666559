/** What a reader of an adapter sees, and the assertions about it. */
import { holds } from '../support/assertions.js'
import { eventually } from './real-time.js'
import { CHUNK, type AdapterSubject, type WorldSource } from './subject.js'

export async function allOf(output: AsyncIterable<unknown>): Promise<unknown[]> {
  const got: unknown[] = []
  for await (const each of output) got.push(each)
  return got
}

/** The items in what a read gave: with `bytes` the part of an item, as a stream may join and cut. */
export function countOf({ isBytes }: AdapterSubject, got: unknown): number {
  return isBytes ? (got as Uint8Array).length / CHUNK : 1 // with `bytes`
}

/** Bytes count as a whole: a stream may join and cut them, and decode them as UTF-8. */
export function same({ isBytes }: AdapterSubject, got: readonly unknown[], sent: readonly unknown[]): void {
  if (!isBytes) {
    const at = sent.findIndex((item, i) => !Object.is(item, got[i]))
    holds(
      at < 0 && got.length === sent.length,
      `${got.length} items of ${sent.length}; the first that differs is at ${at < 0 ? sent.length : at}`,
    )
    return
  }
  const [there, here] = [joined(sent), joined(got)]
  holds(here.length === there.length, `${here.length} bytes of ${there.length}`)
  const at = there.findIndex((byte, i) => byte !== here[i])
  holds(at < 0, `the bytes differ from ${at} on`)
}

function joined(chunks: readonly unknown[]): Uint8Array {
  const encoder = new TextEncoder()
  const read = chunks as readonly (Uint8Array | string)[] // with `bytes`
  const parts = read.map((chunk) => (typeof chunk === 'string' ? encoder.encode(chunk) : chunk))
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** The error of a run that has to fail. */
export function errorOf(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => new Error('the adapter completed'),
    (cause: unknown) => cause,
  )
}

export function freed(source: WorldSource<unknown>, { longest }: AdapterSubject): Promise<void> {
  return eventually(
    longest,
    () => source.open === 0,
    () => 'the source is still open',
  )
}
