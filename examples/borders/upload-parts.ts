/**
 * Uploads a file in parts, as object stores take them: `upload-parts.ts video.mp4 http://127.0.0.1:9000/bucket/video.mp4 [bytes of a part]`.
 * Three parts are under way; a part that fails is sent again; an upload that cannot be completed is removed.
 */
import { createReadStream } from 'node:fs'
import { backoff, fromPromise, uncancelable, type Context } from 'millrace'
import { main } from 'millrace/node'
import { fromReadable } from 'millrace/node/operators'
import { collect, retryEach, workerPool } from 'millrace/operators'
import { fetchOp } from 'millrace/web'
import { map } from 'rxjs'

const [file, target, size = '5242880'] = process.argv.slice(2)

main(function* (ctx) {
  const { uploadId } = yield* asked<{ uploadId: string }>(ctx, 'POST', '?uploads')
  let isComplete = false
  try {
    const parts = fromReadable<Buffer<ArrayBuffer>>(() => createReadStream(file, { highWaterMark: Number(size) })).pipe(
      map((bytes, i) => ({ bytes, number: i + 1 })),
      workerPool(3, (part, ctx) => upload(ctx, uploadId, part), { ordered: true }),
      retryEach(backoff({ first: 100, attempts: 5 })),
    )
    const etags = yield* collect(ctx, parts).join()
    yield* asked(ctx, 'POST', `?uploadId=${uploadId}`, JSON.stringify(etags))
    isComplete = true
    console.log(`${etags.length} parts`)
  } finally {
    // Also after Ctrl-C: the store would keep the parts.
    if (!isComplete) yield* uncancelable(fetchOp(`${target}?uploadId=${uploadId}`, { method: 'DELETE' }).timeout(2_000))
  }
})

function* upload(
  ctx: Context,
  id: string,
  part: { readonly bytes: Buffer<ArrayBuffer>; readonly number: number },
): Generator<never, string> {
  const { etag } = yield* asked<{ etag: string }>(ctx, 'PUT', `?uploadId=${id}&partNumber=${part.number}`, part.bytes)
  return etag
}

function* asked<T>(ctx: Context, method: string, query: string, body?: BodyInit): Generator<never, T> {
  using response = yield* fetchOp(target + query, { ctx, method, throwStatus: true, ...(body !== undefined && { body }) }).timeout(30_000)
  return yield* fromPromise<T>(response.json() as Promise<T>)
}
