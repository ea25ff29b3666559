/** The arguments of a call that cross as themselves: its channels, with their ends here, and its values over shared memory. */
import { handleOf, isShared, specOf } from '../shared/handle.js'
import { HomeLink, isChannelEnd } from './home-link.js'
import { abandon } from '../shared/abandon.js'
import { goesAbroad } from '../shared/waits.js'
import type { ArgumentSpec } from './link.js'

/** Most calls have no channels, and share this. */
const none: readonly HomeLink[] = []

export class CallLinks {
  /** The arguments without those that cross as themselves. */
  readonly args: readonly unknown[]
  /** How those cross; null where there are none. */
  readonly specs: readonly ArgumentSpec[] | null
  private readonly _links: readonly HomeLink[]

  constructor(args: readonly unknown[], post: (link: HomeLink, op: number, payload: unknown) => void) {
    let links: HomeLink[] | null = null
    let specs: ArgumentSpec[] | null = null
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]
      if (typeof arg !== 'object' || arg === null) continue
      const handle = handleOf(arg)
      if (handle !== null) {
        if (isShared(handle.memory)) (specs ??= []).push(specOf(handle, i))
      } else if (isChannelEnd(arg)) {
        const link = new HomeLink(i, arg, post)
        ;(links ??= []).push(link)
        ;(specs ??= []).push(link.spec)
      }
    }
    this._links = links ?? none
    this.specs = specs
    this.args = specs === null ? args : without(args, specs)
  }

  /** The numbers of its links. */
  get ids(): readonly number[] {
    return this._links.map(({ spec }) => spec.id)
  }

  find(id: number): HomeLink | undefined {
    return this._links.find(({ spec }) => spec.id === id)
  }

  /** Calls `f` once everything that the thread has sent has been sent here. */
  whenIdle(f: () => void): void {
    let busy = this._links.length
    if (busy === 0) return f()
    for (const link of this._links)
      link.whenIdle(() => {
        if (--busy === 0) f()
      })
  }

  /** The arguments leave for a thread with a memory of its own. */
  goAbroad(): void {
    for (const spec of this.specs ?? []) if ('kind' in spec && spec.part !== null) goesAbroad(spec.memory)
  }

  /** The thread was lost that ran the call: gives up what the call held. */
  lost(): void {
    for (const spec of this.specs ?? []) if ('kind' in spec) abandon(spec)
  }

  /** The call has ended. */
  end(): void {
    for (const link of this._links) link.end()
  }
}

function without(args: readonly unknown[], specs: readonly ArgumentSpec[]): readonly unknown[] {
  const rest = [...args]
  for (const { index } of specs) rest[index] = null
  return rest
}
