/** The names of the keys beside a stream. */

/** The key of the messages that wait for the end of a pause: in the slot of the stream. */
export function pausesOf(stream: string, group: string): string {
  return `${tagged(stream)}:millrace:${group}:later`
}

/** The key of the number of messages that are settled: in the slot of the stream. */
export function readsOf(stream: string, group: string): string {
  return `${tagged(stream)}:millrace:${group}:reads`
}

/** The name with a hash tag, so that what begins with the result is in the slot of the name. */
export function tagged(stream: string): string {
  return /\{[^}]+\}/.test(stream) ? stream : `{${stream}}`
}
