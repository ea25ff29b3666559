/** Words of memory that a pool and a thread share, where the host shares memory: Node, Deno, Bun, and pages that are isolated. */

export function newWords(count: number): Int32Array {
  const bytes = count * Int32Array.BYTES_PER_ELEMENT
  return new Int32Array(typeof SharedArrayBuffer === 'function' ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes))
}

/** False where each side has a copy of its own. */
export function areShared({ buffer }: Int32Array): boolean {
  return typeof SharedArrayBuffer === 'function' && buffer instanceof SharedArrayBuffer
}
