/**
 * A Writable whose file appears as a whole or not at all.
 *
 *     open beside ──▶ write … ──end──▶ fsync ──▶ close ──▶ rename ──▶ fsync of the directory ──▶ finish
 *          └──────────────┴──destroy──▶ close ──▶ remove
 *
 * Always true: one step is under way at a time, and `destroy` waits for it; the file beside is removed unless it was renamed.
 */
import { randomBytes } from 'node:crypto'
import { open, readlink, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Writable } from 'node:stream'

type Callback = (error?: Error | null) => void

export class AtomicFile extends Writable {
  private _target = ''
  private _beside = ''
  private _handle: FileHandle | null = null
  private _step: Promise<void> = Promise.resolve()

  constructor(
    private readonly _path: string,
    private readonly _mode: number | undefined,
  ) {
    super({ highWaterMark: 65_536 })
  }

  override _construct(callback: Callback): void {
    this._perform(async () => {
      this._target = await targetOf(this._path)
      const before = await stat(this._target).catch(() => null)
      const beside = `${this._target}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
      this._handle = await open(beside, 'wx', this._mode)
      this._beside = beside
      const mode = this._mode ?? before?.mode
      if (mode !== undefined) await this._handle.chmod(mode & 0o7777)
    }, callback)
  }

  override _write(chunk: Buffer, _encoding: string, callback: Callback): void {
    this._perform(() => this._writeAll(chunk), callback)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], callback: Callback): void {
    this._perform(() => this._writeAll(Buffer.concat(chunks.map(({ chunk }) => chunk))), callback)
  }

  override _final(callback: Callback): void {
    this._perform(async () => {
      await this._handle?.sync()
      await this._close()
      if (this.destroyed) return
      await rename(this._beside, this._target)
      this._beside = ''
      await syncDirectory(dirname(this._target))
    }, callback)
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const discarded = this._step.then(async () => {
      await this._close()
      if (this._beside !== '') await rm(this._beside, { force: true })
    })
    discarded.then(
      () => callback(error),
      (cause: unknown) => callback(error ?? (cause as Error)), // an error of the host
    )
  }

  private _perform(step: () => Promise<void>, callback: Callback): void {
    const done = step()
    this._step = done.catch(() => {}) // the callback has it
    done.then(() => callback(), callback)
  }

  private async _writeAll(chunk: Buffer): Promise<void> {
    for (let from = 0; from < chunk.length;) from += (await this._opened().write(chunk, from)).bytesWritten
  }

  private _opened(): FileHandle {
    if (this._handle === null) throw new Error('the file is closed')
    return this._handle
  }

  private async _close(): Promise<void> {
    const handle = this._handle
    this._handle = null
    await handle?.close()
  }
}

/** The file that a path names. A link stays a link, also where its file is not there yet. */
async function targetOf(path: string): Promise<string> {
  for (let at = path; ;) {
    const real = await orMissing(realpath(at))
    if (real !== null) return real
    const next = await orMissing(readlink(at))
    if (next === null) return at
    at = resolve(await realpath(dirname(at)), next)
  }
}

/** Null where the host finds nothing. */
function orMissing(found: Promise<string>): Promise<string | null> {
  return found.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

/** The new name is on the disk too. Some hosts and file systems cannot do this; the file is renamed all the same. */
async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path).catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
