/** Bubbles and explorations share the one run queue, so there is one of them at a time. */
let underWay: string | null = null

/** Answers how to leave. */
export function enter(what: string): () => void {
  if (underWay !== null)
    throw new Error(`${what}: there is ${underWay} under way already; they share the run queue, so run one after the other`)
  underWay = what
  return () => void (underWay = null)
}
