/** Contexts that never end by themselves, nor with a parent. */
import { none, type Option } from '../base/option.js'
import type { Op } from '../interfaces/op.js'
import { Operation } from '../operation/operation.js'
import { PENDING, type Pending } from '../operation/waiter.js'
import { attempted } from '../scheduler/attempt.js'
import { TreeContext } from './tree.js'

/** A context that never ends: the root of a tree, and the context of `withoutCancel`. */
export abstract class EndlessContext extends TreeContext {
  readonly endable = null
  private _signal: AbortSignal | null = null

  done(): Op<void> {
    return neverDone
  }
  err(): Option<Error> {
    attempted(this)
    return none
  }
  cause(): Option<unknown> {
    return none
  }
  get signal(): AbortSignal {
    return (this._signal ??= new AbortController().signal)
  }
}

class NeverDone extends Operation<void> {
  poll(): Pending {
    return PENDING
  }
  park(): void {}
  withdraw(): void {}
  describe(): string {
    return 'chan receive (nil chan)'
  }
}

const neverDone = /* @__PURE__ */ new NeverDone()
