/** Streams whose reads, writes and ends a test counts. */

/** A pull source of 0, 1, 2, …: `pulled` counts the chunks that it was asked for. */
export function counting(length = Infinity, strategy: QueuingStrategy<number> = { highWaterMark: 0 }) {
  const seen = { pulled: 0, canceled: [] as unknown[] }
  const stream = new ReadableStream<number>(
    {
      pull(controller) {
        if (seen.pulled === length) controller.close()
        else controller.enqueue(seen.pulled++)
      },
      cancel: (reason) => void seen.canceled.push(reason),
    },
    strategy,
  )
  return { stream, seen }
}

/** Chunks, and then this error. */
export function failing<T>(chunks: readonly T[], error: unknown): ReadableStream<T> {
  const left = [...chunks]
  return new ReadableStream<T>(
    {
      pull(controller) {
        if (left.length === 0) controller.error(error)
        else controller.enqueue(left.shift())
      },
    },
    { highWaterMark: 0 },
  )
}

/** A sink that takes a chunk only when `next()` is called, or at once. */
export function collecting<T>(
  options: { readonly gated?: boolean; readonly highWaterMark?: number; readonly failAt?: number; readonly error?: unknown } = {},
) {
  const seen = { written: [] as T[], closed: 0, aborted: [] as unknown[] }
  const gates: (() => void)[] = []
  const stream = new WritableStream<T>(
    {
      async write(chunk) {
        if (options.gated === true) await new Promise<void>((resolve) => gates.push(resolve))
        if (seen.written.length === options.failAt) throw options.error
        seen.written.push(chunk)
      },
      close: () => void seen.closed++,
      abort: (reason) => void seen.aborted.push(reason),
    },
    { highWaterMark: options.highWaterMark ?? 1 },
  )
  return { stream, seen, next: () => gates.shift()?.() }
}

export const bytes = (length: number, fill = 1): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(fill)

/** A byte stream of these chunks. */
export function byteStream(...chunks: readonly Uint8Array<ArrayBuffer>[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  const left = [...chunks]
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const chunk = left.shift()
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    },
  })
}
