/** An image as strips that are filtered side by side. */
import { background, type Context } from 'millrace'
import { collect, fromIterable, workerPool } from 'millrace/operators'
import { moved } from 'millrace/threads'
import { map, tap } from 'rxjs'
import type { Strip } from './gaussian.js'
import { blur } from './on-threads.js'

/** Rows of a strip. */
const ROWS = 90

/** Blurs an image on the threads, and calls `done` with each strip that is ready. */
export async function filtered(image: ImageData, radius: number, done: (strip: ImageData, top: number) => void, ctx: Context = background) {
  const { width, height } = image
  const tops = Array.from({ length: Math.ceil(height / ROWS) }, (_, i) => i * ROWS)
  const strips = fromIterable(tops).pipe(
    workerPool(2 * navigator.hardwareConcurrency, function* (top, ctx) {
      const strip = stripOf(image, top, radius)
      moved(strip.pixels)
      return { top, pixels: yield* blur(strip, radius, ctx) }
    }),
    map(({ top, pixels }) => ({ top, strip: new ImageData(pixels, width) })),
    tap(({ top, strip }) => done(strip, top)),
  )
  await collect(ctx, strips).join()
}

/** The rows of a strip with the rows around them that the blur needs. */
function stripOf({ data, width, height }: ImageData, top: number, radius: number): Strip {
  const [from, to] = [Math.max(0, top - radius), Math.min(height, top + ROWS + radius)]
  const pixels = data.slice(4 * width * from, 4 * width * to) // a copy has a buffer of its own
  return { pixels, width, above: top - from, below: to - Math.min(height, top + ROWS) }
}
