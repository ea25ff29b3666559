/** The blur, as it would be written for one thread. */

/** Rows of an image in RGBA, and the number of rows at its top and its bottom that only the rows between them need. */
export interface Strip {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
  readonly width: number
  readonly above: number
  readonly below: number
}

/** Blurs the rows between the margins, and returns them. */
export function blurred({ pixels, width, above, below }: Strip, radius: number): Uint8ClampedArray<ArrayBuffer> {
  const rows = pixels.length / (4 * width)
  const weights = weightsOf(radius)
  const across = new Float32Array(pixels.length)
  for (let row = 0; row < rows; row++) mix(pixels, across, { from: 4 * width * row, count: width, step: 4, weights })
  const down = new Float32Array(pixels.length)
  for (let column = 0; column < width; column++) mix(across, down, { from: 4 * column, count: rows, step: 4 * width, weights })
  return new Uint8ClampedArray(down.subarray(4 * width * above, 4 * width * (rows - below)))
}

/** The right half of a bell curve whose whole sums up to 1. */
function weightsOf(radius: number): Float32Array {
  const bell = Float32Array.from({ length: radius + 1 }, (_, x) => Math.exp((-4.5 * x * x) / (radius * radius)))
  const sum = bell.reduce((all, one) => all + 2 * one, -bell[0])
  return bell.map((one) => one / sum)
}

interface Line {
  readonly from: number
  readonly count: number
  readonly step: number
  readonly weights: Float32Array
}

/** One row or column of pixels; the edge goes on outside. */
function mix(source: ArrayLike<number>, target: Float32Array, { from, count, step, weights }: Line): void {
  for (let at = 0; at < count; at++) {
    for (let color = 0; color < 4; color++) {
      const first = from + color
      let sum = weights[0] * source[first + step * at]
      for (let away = 1; away < weights.length; away++)
        sum += weights[away] * (source[first + step * Math.max(0, at - away)] + source[first + step * Math.min(count - 1, at + away)])
      target[first + step * at] = sum
    }
  }
}
