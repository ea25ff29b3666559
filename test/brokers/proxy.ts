/** A way to a server that can be cut, as the end of a process cuts it, or held up, as a process that is stopped holds it. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'

export class Proxy {
  private readonly _server: Server
  private readonly _pairs = new Set<readonly [Socket, Socket]>()
  private _isHeld = false
  private _isCut = false

  constructor(target: number) {
    this._server = createServer((near) => {
      if (this._isCut) return void near.destroy()
      const far = connect(target, '127.0.0.1')
      const pair = [near, far] as const
      this._pairs.add(pair)
      const over = (): void => {
        this._pairs.delete(pair)
        near.destroy()
        far.destroy()
      }
      for (const socket of pair) socket.setNoDelay(true).on('error', over).on('close', over)
      near.on('data', (data) => far.write(data))
      far.on('data', (data) => near.write(data))
      if (this._isHeld) for (const socket of pair) socket.pause()
    })
  }

  /** `port`: default, a free one. */
  async listen(port = 0): Promise<number> {
    this._server.listen(port, '127.0.0.1')
    await once(this._server, 'listening')
    return (this._server.address() as { readonly port: number }).port // it listens on a port
  }

  cut(): void {
    this._isCut = true
    for (const pair of this._pairs) for (const socket of pair) socket.destroy()
    this._server.close()
  }

  /** As `cut`; completes when the port is free again. */
  async closed(): Promise<void> {
    const over = once(this._server, 'close')
    this.cut()
    await over
  }

  hold(isHeld: boolean): void {
    this._isHeld = isHeld
    for (const socket of [...this._pairs].flat()) socket[isHeld ? 'pause' : 'resume']()
  }
}
