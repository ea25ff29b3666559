/** Bubbles and explorations share the run queue, so only a single bubble or exploration runs at a time. */
let running: string | null = null

/** Returns a function that leaves. Throws an Error while another call has entered. */
export function enter(call: string): () => void {
  if (running !== null) throw new Error(`${call}: ${running} is running already; both need the run queue, so run them one after the other`)
  running = call
  return () => void (running = null)
}
