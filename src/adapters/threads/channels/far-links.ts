/** The channels of the other side, in a thread: those of the calls that run there. */
import type { Portable } from '../wire/portable-error.js'
import { fromPortable } from '../wire/portable-error.js'
import { FarChannel } from './far-channel.js'
import { opened } from '../shared/shared.js'
import { areShared } from '../wire/words.js'
import { FarEnd } from './far-end.js'
import { COLLECTED, CREDIT, END, TAKEN, VALUES, type ArgumentSpec, type LinkSpec } from './link.js'

export class FarLinks {
  private readonly _ends = new Map<number, FarEnd>()
  private readonly _registry = new FinalizationRegistry<number>((id) => this.collected(id))
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
      this._ends.set(spec.id, new FarEnd(spec, channel))
      this._registry.register(channel, spec.id)
      args[spec.index] = channel
    }
  }

  /** A message of the other side; null for a link whose call has ended. */
  receive(id: number, op: number, payload: unknown): void {
    const channel = this._ends.get(id)?.channel
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
      const channel = this._ends.get(id)?.channel
      if (channel === undefined) this.collected(id)
      else channel.release()
      this._ends.delete(id)
    }
  }

  /** No code has this channel any more: what it has not taken is the other side's again, though the call goes on. */
  collected(id: number): void {
    const end = this._ends.get(id)
    if (end === undefined) return
    this._ends.delete(id)
    const { taken } = end.spec
    if (!areShared(taken)) this._post(id, TAKEN, taken[0])
    this._post(id, COLLECTED, null)
  }
}
