/** The frames of the page: a bar that moves with each frame, and the times between frames while a filter runs. */

export interface Frames {
  /** Drawn while a filter ran. */
  readonly count: number
  /** ms between two frames, in the order of their times. */
  readonly times: readonly number[]
}

let isMeasuring = false
let last = 0
let times: number[] = []
let onFrame = (): void => {}

/** Draws the bar in each frame from now on. */
export function startFrames(clock: CanvasRenderingContext2D): void {
  requestAnimationFrame(function draw(now) {
    if (isMeasuring) times.push(now - last)
    last = now
    const { width, height } = clock.canvas
    clock.clearRect(0, 0, width, height)
    clock.fillRect((now / 2) % width, 0, 40, height)
    onFrame()
    requestAnimationFrame(draw)
  })
}

/** Waits for the next frame. */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => (onFrame = resolve))
}

/** The frames that are drawn until the work ends. */
export async function framesWhile(work: () => void | Promise<void>): Promise<Frames> {
  times = []
  isMeasuring = true
  await work()
  isMeasuring = false
  return { count: times.length, times: times.toSorted((a, b) => a - b) }
}
