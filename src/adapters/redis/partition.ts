/** The partitions of a log: a stream each. */

/** The stream of a partition. */
export function streamOf(name: string, partition: number): string {
  return `${name}:${partition}`
}

/** The partition of a key: FNV-1a of its UTF-8, with 32 bits, modulo the number of partitions. */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % partitions
}
