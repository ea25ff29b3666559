/** The functions that every pool runs on its threads. */
export const tiny = (x) => x + 1

export const empty = () => undefined

export function spin(iterations) {
  let x = 0
  for (let i = 0; i < iterations; i++) x = (x * 31 + i) | 0
  return x
}

let ended = 0

/** As `spin`; returns the ms that the thread had nothing to do before it, -1 for the first. */
export function gap(iterations) {
  const idle = ended === 0 ? -1 : performance.now() - ended
  spin(iterations)
  ended = performance.now()
  return idle
}
