/** The links of a call: its arguments without the channels, and their ends here. */
import { HomeLink, isChannelEnd } from './home-link.js'
import type { LinkSpec } from './link.js'

/** Most calls have no channels, and share this. */
const none: readonly HomeLink[] = []

export class CallLinks {
  readonly args: readonly unknown[]
  readonly specs: readonly LinkSpec[] | null
  private readonly _links: readonly HomeLink[]

  constructor(args: readonly unknown[], post: (link: HomeLink, op: number, payload: unknown) => void) {
    let links: HomeLink[] | null = null
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]
      if (isChannelEnd(arg)) (links ??= []).push(new HomeLink(i, arg, post))
    }
    this._links = links ?? none
    this.args = links === null ? args : args.map((arg) => (isChannelEnd(arg) ? null : arg))
    this.specs = links === null ? null : links.map(({ spec }) => spec)
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

  /** The call has ended. */
  end(): void {
    for (const link of this._links) link.end()
  }
}
