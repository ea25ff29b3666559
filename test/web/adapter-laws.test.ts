/** The laws of adapters over web streams: streams of the host, in real time. */
import { fromIterable, run } from 'millrace/operators'
import { laws, type OpenAdapter } from 'millrace/testing'
import { receiverOf } from 'millrace/web'
import { fromReadableStream, throughStream, toReadableStream, toTransformStream, writeToStream } from 'millrace/web/operators'
import { describe, it } from 'vitest'

/** A stream as an iterable, which Chromium has and Safari has not. */
async function* read<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader()
  let isOver = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      isOver = done
      if (done) return
      yield value
    }
  } catch (cause) {
    isOver = true
    throw cause
  } finally {
    if (!isOver) await reader.cancel(new Error('the reader leaves'))
  }
}

const adapters: Record<string, OpenAdapter<number>> = {
  'fromReadableStream(toReadableStream)': (source, ctx) =>
    read(
      toReadableStream(
        fromReadableStream(() => toReadableStream(source)),
        { ctx },
      ),
    ),
  'toReadableStream of a pipeline': (source, ctx) => read(toReadableStream(fromIterable(source), { ctx })),
  'toReadableStream of a receiver': (source, ctx) => read(toReadableStream(receiverOf(toReadableStream(source, { ctx })), { ctx })),
  throughStream: (source, ctx) =>
    read(toReadableStream(fromIterable(source).pipe(throughStream(() => new TransformStream<number, number>())), { ctx })),
  toTransformStream: (source, ctx) =>
    read(toReadableStream(source, { ctx }).pipeThrough(toTransformStream<number, number>((items) => items, { ctx }))),
  writeToStream: (source, ctx) => {
    const { readable, writable } = new TransformStream<number, number>()
    void run(ctx, fromIterable(source).pipe(writeToStream(writable)))
      .join()
      .attempt()
      .then(() => {})
    return read(readable)
  },
}

for (const [name, open] of Object.entries(adapters))
  describe(name, () => {
    for (const law of laws.adapter(open, { bound: 6 })) it(law.name, () => law.check())
  })
