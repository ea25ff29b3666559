/** The channels of the other side, in a thread: those of the calls that run there. */
import type { Portable } from '../wire/portable-error.js'
import { fromPortable } from '../wire/portable-error.js'
import { FarChannel } from './far-channel.js'
import { opened } from '../shared/shared.js'
import { CREDIT, END, VALUES, type ArgumentSpec, type LinkSpec } from './link.js'

export class FarLinks {
  private readonly _channels = new Map<number, FarChannel<unknown>>()
  /** The links of each call, by its slot. */
  private readonly _ofCalls = new Map<number, readonly LinkSpec[]>()

  constructor(
    private readonly _post: (id: number, op: number, payload: unknown) => void,
    private readonly _now: () => number,
  ) {}

  /** Puts the channels of a call, and its values over shared memory, among its arguments. */
  add(slot: number, specs: readonly ArgumentSpec[], args: unknown[]): void {
    const links = specs.filter((spec) => 'id' in spec)
    if (links.length > 0) this._ofCalls.set(slot, links)
    for (const spec of specs) if ('kind' in spec) args[spec.index] = opened(spec)
    for (const spec of links) {
      const channel = new FarChannel<unknown>(spec, (op, payload) => this._post(spec.id, op, payload), this._now)
      this._channels.set(spec.id, channel)
      args[spec.index] = channel
    }
  }

  /** A message of the other side; null for a link whose call has ended. */
  receive(id: number, op: number, payload: unknown): void {
    const channel = this._channels.get(id)
    if (channel === undefined) return
    if (op === VALUES)
      channel.values(payload as readonly unknown[]) // by its kind
    else if (op === END)
      channel.ends(payload === null ? undefined : fromPortable(payload as Portable)) // by its kind
    else if (op === CREDIT)
      channel.outlet.credit(payload as number) // by its kind
    else channel.outlet.shutBy(payload as Portable) // the last kind
  }

  /** The thread has ended: nothing is taken here any more. */
  releaseAll(): void {
    for (const slot of [...this._ofCalls.keys()]) this.release(slot)
  }

  /** The call in this slot has ended. */
  release(slot: number): void {
    const specs = this._ofCalls.get(slot)
    if (specs === undefined) return
    this._ofCalls.delete(slot)
    for (const { id } of specs) {
      this._channels.get(id)?.release()
      this._channels.delete(id)
    }
  }
}
