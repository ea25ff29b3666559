import { mistyped } from '../../../runtime/internal.js'

/** A path of the file system, or a `file:` URL. */
export function checkPath(where: string, path: unknown): void {
  if (!(path instanceof URL) && (typeof path !== 'string' || path === '')) throw mistyped(where, 'a path or a file URL', path)
}
