/** The sums by extension, and the files that could not be read. */
import { extname } from 'node:path'
import type { FileDigest } from './digest.js'

interface Sum {
  files: number
  bytes: number
  compressed: number
}

export class Summary {
  readonly total: Sum = { files: 0, bytes: 0, compressed: 0 }
  readonly unread: { readonly path: string; readonly reason: string }[] = []
  private readonly _sums = new Map<string, Sum>()

  add({ path, bytes, compressed }: FileDigest): void {
    const extension = extname(path) || 'none'
    const sum = this._sums.get(extension) ?? { files: 0, bytes: 0, compressed: 0 }
    this._sums.set(extension, sum)
    for (const each of [sum, this.total]) {
      each.files++
      each.bytes += bytes
      each.compressed += compressed
    }
  }

  fail(path: string, error: unknown): void {
    this.unread.push({ path, reason: (error as Error).message })
  }

  /** The extensions with the most bytes. */
  top(rows: number): Record<string, Record<string, string | number>> {
    const sorted = [...this._sums].sort(([, a], [, b]) => b.bytes - a.bytes)
    return Object.fromEntries([...sorted.slice(0, rows), ['total', this.total] as const].map(([name, sum]) => [name, row(sum)]))
  }
}

function row({ files, bytes, compressed }: Sum): Record<string, string | number> {
  return {
    files,
    MB: mega(bytes),
    'MB in gzip': mega(compressed),
    'of it': bytes === 0 ? '' : `${Math.round((100 * compressed) / bytes)} %`,
  }
}

export function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
