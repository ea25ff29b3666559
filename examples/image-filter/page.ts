/** The page: blurs its picture on threads, or here, and reports how the frames went. */
import { framesWhile, nextFrame, startFrames } from './frames.js'
import { blurred } from './gaussian.js'
import { filtered } from './strips.js'

const RADIUS = 20

const picture = contextOf('picture')
const original = drawn(picture)
startFrames(contextOf('clock'))

/** A way to blur the picture. */
const ways = {
  threads: () => filtered(original, RADIUS, (strip, top) => picture.putImageData(strip, 0, top)),
  here: () => {
    const { data, width } = original
    const strip = { pixels: data, width, above: 0, below: 0 } // of a canvas
    picture.putImageData(new ImageData(blurred(strip, RADIUS), width), 0, 0)
  },
}

/** Blurs the picture in one way until so many frames were drawn meanwhile, or the given number of times. */
async function run(way: keyof typeof ways, { frames = 0, times = 1 }) {
  picture.putImageData(original, 0, 0)
  await nextFrame()
  const began = performance.now()
  const report = { count: 0, blurs: 0, times: [] as number[] }
  while (report.blurs < times || report.count < frames) {
    const measured = await framesWhile(ways[way])
    report.count += measured.count
    report.times.push(...measured.times)
    report.blurs++
  }
  report.times.sort((a, b) => a - b)
  const ms = (performance.now() - began) / report.blurs
  return {
    blurs: report.blurs,
    ms,
    frames: report.count,
    median: report.times.at(report.count >> 1),
    longest: report.times.at(-1),
  }
}

/** The same number for the same picture. */
function checksum(): number {
  const { data } = picture.getImageData(0, 0, picture.canvas.width, picture.canvas.height)
  return data.reduce((sum, byte) => (sum * 31 + byte) >>> 0, 0)
}

function contextOf(id: string): CanvasRenderingContext2D {
  const canvas = document.getElementById(id) as HTMLCanvasElement // of index.html
  return canvas.getContext('2d', { willReadFrequently: true }) as CanvasRenderingContext2D // a canvas has one
}

/** Circles, from which the blur takes the edges. */
function drawn(context: CanvasRenderingContext2D): ImageData {
  const { width, height } = context.canvas
  for (let n = 0; n < 400; n++) {
    context.fillStyle = `hsl(${n * 47} 80% 60%)`
    context.beginPath()
    context.arc((n * 397) % width, (n * 211) % height, 10 + ((n * 13) % 60), 0, 7)
    context.fill()
  }
  return context.getImageData(0, 0, width, height)
}

for (const way of ['threads', 'here'] as const) {
  const button = document.getElementById(way) as HTMLButtonElement // of index.html
  button.onclick = async () => {
    button.disabled = true
    const { ms, frames, longest = ms } = await run(way, {})
    const report = `${way}: ${Math.round(ms)} ms, ${frames} frames meanwhile, the longest ${Math.round(longest)} ms`
    ;(document.getElementById('report') as HTMLOutputElement).value = report // of index.html
    button.disabled = false
  }
}

Object.assign(globalThis, { run, checksum }) // for the test
