/**
 * Names for goroutines and resources in dumps and traces. They come from ids, from the names of functions and from the
 * kinds of resources, so a minified bundle gives the same names.
 */
import { Task } from '../goroutine/task.js'
import type { Resource } from '../operation/resource.js'

export function goroutineName({ id, name }: { readonly id: number; readonly name: string }): string {
  return `${name}#${id}`
}

/**
 * Names resources by kind, in the order in which they are asked for: `chan 1`, `mutex 1`, `chan 2`. A goroutine is
 * `worker#3`.
 */
export class Names {
  private readonly _names = new WeakMap<object, string>()
  private readonly _counts = new Map<string, number>()

  of(resource: object): string {
    if (resource instanceof Task) return goroutineName(resource)
    const known = this._names.get(resource)
    if (known !== undefined) return known
    const { kind } = resource as Resource // a probe sees resources and goroutines only
    const count = (this._counts.get(kind) ?? 0) + 1
    const name = `${kind} ${count}`
    this._counts.set(kind, count)
    this._names.set(resource, name)
    return name
  }
}
