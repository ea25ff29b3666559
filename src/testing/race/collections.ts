/**
 * The reads and writes of a call on a Map, a Set or an array. Beside its entries a collection has two places: its members
 * (`SIZE`), and all of its content at once (`ALL`).
 */
import { GROWS, INSERTS, isWeak, ITEMS, KEYED, NONE, SHRINKS, TAKEN, UPDATE } from './places.js'

export const SIZE: unique symbol = Symbol('size')
export const ALL: unique symbol = Symbol('all')

/** Takes the accesses of a collection. */
export interface Accessor {
  read(key: unknown, flags: number): void
  write(key: unknown, flags: number, value: unknown): void
  /** The result of the call shows the entry as it was before. */
  readResult(key: unknown, flags?: number): void
}

/** The key of the place of an entry: the text of an index, a member or key as it is. */
export function entryKey(key: unknown): unknown {
  return typeof key === 'string' ? `"${key}"` : key
}

/** Notes the accesses of `object.method(...args)`, before the call. */
export function noteCall(object: object, method: string, args: readonly unknown[], to: Accessor): void {
  if (isWeak(object)) noteOfWeak(method, args, to)
  else if (object instanceof Map || object instanceof Set) noteOfMap(object, method, args, to)
  else noteOfArray(object as readonly unknown[], method, args, to) // by what the hooks call it with
}

function noteOfWeak(method: string, [key, value]: readonly unknown[], to: Accessor): void {
  if (typeof key !== 'object' || key === null) return // the call throws, or tells that there is none
  if (method === 'get' || method === 'has') return to.read(key, 0)
  if (method !== 'set') to.readResult(key)
  to.write(key, method === 'add' ? UPDATE : 0, method === 'set' ? value : method === 'add' || undefined)
}

function noteOfMap(object: Map<unknown, unknown> | Set<unknown>, method: string, [given, value]: readonly unknown[], to: Accessor): void {
  const key = entryKey(given)
  switch (method) {
    case 'get':
    case 'has':
      to.read(ALL, 0)
      return to.read(key, 0)
    case 'set':
    case 'add':
      if (method === 'add') to.readResult(key)
      if (!object.has(given)) to.write(SIZE, UPDATE | GROWS | KEYED, NONE)
      to.read(ALL, UPDATE)
      return to.write(key, method === 'add' ? UPDATE : 0, method === 'add' ? true : value)
    case 'delete':
      to.readResult(key)
      if (object.has(given)) to.write(SIZE, UPDATE | SHRINKS | KEYED, NONE)
      return to.write(key, 0, undefined)
    case 'clear':
      to.write(SIZE, 0, NONE)
      return to.write(ALL, 0, NONE)
    default:
      noteOfAll(to)
  }
}

function noteOfArray(array: readonly unknown[], method: string, args: readonly unknown[], to: Accessor): void {
  switch (method) {
    case 'at':
      return noteAt(array, Math.trunc(Number(args[0])), to)
    case 'push':
      return to.write(SIZE, UPDATE | GROWS, NONE)
    case 'pop':
    case 'shift':
    case 'unshift':
    case 'splice':
      to.readResult(SIZE, method === 'pop' || method === 'shift' ? TAKEN : 0)
      if (method !== 'pop') to.write(ALL, UPDATE, NONE)
      return to.write(SIZE, method === 'unshift' || (method === 'splice' && args.length > 2) ? UPDATE | INSERTS : UPDATE | SHRINKS, NONE)
    case 'sort':
    case 'reverse':
    case 'fill':
    case 'copyWithin':
      return to.write(ALL, 0, NONE)
    default:
      noteOfAll(to)
  }
}

/** From the end the element is found by the length. */
function noteAt(array: readonly unknown[], index: number, to: Accessor): void {
  if (index < 0) to.read(SIZE, 0)
  noteElementRead(String(index < 0 ? array.length + index : index || 0), to)
}

/** A call, or a step of a loop, that reads the whole collection. */
export function noteOfAll(to: Accessor): void {
  to.read(SIZE, ITEMS)
  to.read(ALL, 0)
}

export function noteElementRead(key: string, to: Accessor): void {
  to.read(ALL, 0)
  to.read(key, 0)
}

export function noteElementWrite(array: readonly unknown[], key: string, value: unknown, to: Accessor): void {
  if (Number(key) >= array.length) to.write(SIZE, UPDATE | GROWS, NONE)
  to.read(ALL, 0)
  to.write(key, 0, value)
}
