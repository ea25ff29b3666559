/** Contexts that change values only: `withValue` adds one, `withoutCancel` keeps them all and drops the end. */
import { some, type Option } from '../base/option.js'
import type { Context, ContextKey } from '../interfaces/context.js'
import type { Op } from '../interfaces/op.js'
import { EndlessContext } from './endless.js'
import { TreeContext, type CancelableContext } from './tree.js'

/** Carries one value; for the rest it is the context that it was derived from. */
export class ValueContext extends TreeContext {
  /** The nearest context outward that is not a ValueContext. */
  private readonly _bearer: Context

  constructor(
    readonly parent: Context,
    private readonly _key: ContextKey<unknown>,
    private readonly _value: unknown,
  ) {
    super()
    this._bearer = parent instanceof ValueContext ? parent._bearer : parent
  }

  get endable(): CancelableContext | null | undefined {
    return this._bearer instanceof TreeContext ? this._bearer.endable : undefined
  }
  done(): Op<void> {
    return this._bearer.done()
  }
  err(): Option<Error> {
    return this._bearer.err()
  }
  cause(): Option<unknown> {
    return this._bearer.cause()
  }
  get signal(): AbortSignal {
    return this._bearer.signal
  }
  protected override ownValue<V>(key: ContextKey<V>): Option<V> | null {
    return key === this._key ? some(this._value as V) : null // the type of the key is the type of its value
  }
  override toString(): string {
    return `${String(this.parent)}.WithValue(${this._key.name})`
  }
}

/** Has the values of its parent, and does not end with it. */
export class DetachedContext extends EndlessContext {
  constructor(readonly parent: Context) {
    super()
  }
  override toString(): string {
    return `${String(this.parent)}.WithoutCancel`
  }
}
