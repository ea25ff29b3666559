/** The work for one file: its hash and its size in gzip. It computes all the time, so it belongs on a thread of its own. */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

export interface FileDigest {
  readonly path: string
  /** Bytes of the file, and of its gzip. */
  readonly bytes: number
  readonly compressed: number
  readonly sha256: string
}

/** Bytes that are read, hashed and compressed at once. Each block is a member of the gzip, so memory stays flat. */
const BLOCK = 1 << 20

/** `check` throws when the digest is not wanted any more. */
export async function digest(path: string, check: () => void): Promise<FileDigest> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(BLOCK)
  let [bytes, compressed] = [0, 0]
  const file = await open(path)
  try {
    for (;;) {
      check()
      const { bytesRead } = await file.read(buffer, 0, BLOCK)
      if (bytesRead === 0) return { path, bytes, compressed, sha256: hash.digest('hex') }
      const block = buffer.subarray(0, bytesRead)
      hash.update(block)
      bytes += bytesRead
      compressed += gzipSync(block).length
    }
  } finally {
    await file.close()
  }
}
