/** The cause of a close as bytes in shared memory: the JSON text of a portable error. */
import { fromPortable, toPortable, type Portable } from '../wire/portable-error.js'

/** The most bytes of such a text. */
export const MOST_BYTES = 1024
/** Characters of a name or of a message that is too long with the rest. */
const MOST_CHARACTERS = 100

/**
 * Writes the cause; returns the length. A cause that is too long, or that JSON does not have, leaves out parts: first the
 * stack, then the fields and further causes, then the rest of its message.
 */
export function causeText(cause: unknown, to: Uint8Array): number {
  for (const one of shorter(toPortable(cause))) {
    const bytes = encoded(one)
    if (bytes === null || bytes.length > to.length) continue
    to.set(bytes)
    return bytes.length
  }
  return 0
}

function* shorter(portable: Portable): Generator<Portable, void> {
  yield portable
  if (!('error' in portable)) {
    yield { value: String(portable.value).slice(0, MOST_CHARACTERS) }
    return
  }
  const { error } = portable
  yield { error: { ...error, stack: undefined } }
  const bare = { ...error, stack: undefined, fields: {}, cause: null, errors: null }
  yield { error: bare }
  yield { error: { ...bare, name: error.name.slice(0, MOST_CHARACTERS), message: error.message.slice(0, MOST_CHARACTERS) } }
}

function encoded(portable: Portable): Uint8Array | null {
  try {
    return new TextEncoder().encode(JSON.stringify(portable))
  } catch {
    return null // a bigint, or an object that leads back to itself
  }
}

export function causeOf(bytes: Uint8Array): unknown {
  return fromPortable(JSON.parse(new TextDecoder().decode(bytes.slice())) as Portable) // as it was written
}
