/** Calls in order, linked through themselves: a call leaves by identity, in constant time. */
import type { Call } from './call.js'

export class CallQueue {
  first: Call | null = null
  last: Call | null = null
  size = 0

  push(call: Call): void {
    call.list = this
    call.before = this.last
    if (this.last === null) this.first = call
    else this.last.after = call
    this.last = call
    this.size++
  }

  unshift(call: Call): void {
    call.list = this
    call.after = this.first
    if (this.first === null) this.last = call
    else this.first.before = call
    this.first = call
    this.size++
  }

  shift(): Call | null {
    const { first } = this
    if (first !== null) this.remove(first)
    return first
  }

  remove(call: Call): void {
    const { before, after } = call
    if (before === null) this.first = after
    else before.after = after
    if (after === null) this.last = before
    else after.before = before
    call.before = call.after = call.list = null
    this.size--
  }

  /** The calls at this moment, first to last. */
  all(): Call[] {
    const calls: Call[] = []
    for (let call = this.first; call !== null; call = call.after) calls.push(call)
    return calls
  }
}
