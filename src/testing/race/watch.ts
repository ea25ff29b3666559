/** Objects whose reads and writes the race detector sees: proxies of records, arrays, maps and sets. */
import { mistyped } from '../../runtime/internal.js'
import { targets } from './allowed.js'
import { ALL, noteCall, noteElementRead, noteElementWrite, noteOfAll, SIZE, type Accessor } from './collections.js'
import { current } from './engine.js'
import { NONE, UPDATE } from './places.js'

/** One proxy for an object. */
const proxies = new WeakMap<object, object>()

/**
 * Makes a proxy of an object, an array, a Map or a Set, whose reads and writes the race detector sees: under `explore(program,
 * { race: true })` and `bubble(fn, { race: true })` each is checked; elsewhere the proxy does what the object does. The objects
 * in it are not watched: watch them too. `name` stands in reports. Throws TypeError where `object` is no object, or `name` no
 * text.
 *
 * @example
 * ```ts
 * import { watch } from 'millrace/testing'
 *
 * const account = watch({ balance: 100 }, 'account')
 * account.balance -= 10
 * ```
 */
export function watch<T extends object>(object: T, name?: string): T {
  const given: unknown = object
  if (typeof given !== 'object' || given === null) throw mistyped('watch(object): object', 'an object', object)
  if (name !== undefined && typeof name !== 'string') throw mistyped('watch(object, name): name', 'a text', name)
  if (targets.has(object)) return object
  let proxy = proxies.get(object)
  if (proxy === undefined) {
    proxy = new Proxy(object, handlerOf(object, name ?? kindOf(object)))
    proxies.set(object, proxy)
    targets.set(proxy, object)
  }
  return proxy as T // it does what the object does
}

function kindOf(object: object): string {
  if (Array.isArray(object)) return 'array'
  return object instanceof Map ? 'map' : object instanceof Set ? 'set' : 'object'
}

function handlerOf(object: object, name: string): ProxyHandler<object> {
  const accessor = new CellAccessor(object, name)
  if (Array.isArray(object)) return new WatchedArray(accessor)
  return object instanceof Map || object instanceof Set ? new WatchedCollection(accessor) : new WatchedRecord(accessor)
}

/** Each entry is a cell. */
class CellAccessor implements Accessor {
  constructor(
    private readonly _object: object,
    private readonly _name: string,
  ) {}

  read(key: unknown): void {
    current()?.readCell(this._object, key, () => this._nameOf(key))
  }
  write(key: unknown, flags: number, value: unknown): void {
    current()?.writeCell(this._object, key, () => this._nameOf(key), value, flags)
  }
  readResult(key: unknown): void {
    this.read(key)
  }

  private _nameOf(key: unknown): string {
    if (key === SIZE) return `the members of ${this._name}`
    if (key === ALL) return `the content of ${this._name}`
    const isCollection = typeof key !== 'string' || key.startsWith('"') || Array.isArray(this._object)
    return isCollection ? `${this._name}[${typeof key === 'object' ? 'an object' : String(key)}]` : `${this._name}.${key}`
  }
}

class WatchedRecord implements ProxyHandler<object> {
  constructor(protected readonly accessor: Accessor) {}

  get(target: object, key: string | symbol, receiver: unknown): unknown {
    if (typeof key === 'string' && (Object.hasOwn(target, key) || !(key in target))) this.accessor.read(key, 0)
    return Reflect.get(target, key, receiver)
  }

  set(target: object, key: string | symbol, value: unknown): boolean {
    if (typeof key === 'string' && !hasSetter(target, key)) {
      if (!Object.hasOwn(target, key)) this.accessor.write(SIZE, UPDATE, NONE)
      this.accessor.write(key, 0, value)
    }
    return Reflect.set(target, key, value)
  }

  has(target: object, key: string | symbol): boolean {
    if (typeof key === 'string') this.accessor.read(key, 0)
    return Reflect.has(target, key)
  }

  deleteProperty(target: object, key: string | symbol): boolean {
    if (typeof key === 'string') {
      if (Object.hasOwn(target, key)) this.accessor.write(SIZE, UPDATE, NONE)
      this.accessor.write(key, 0, undefined)
    }
    return Reflect.deleteProperty(target, key)
  }

  ownKeys(target: object): (string | symbol)[] {
    this.accessor.read(SIZE, 0)
    return Reflect.ownKeys(target)
  }
}

/** A setter writes by itself, through the proxy or past it. */
function hasSetter(target: object, key: string): boolean {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null /* by its contract */) {
    const property = Object.getOwnPropertyDescriptor(at, key)
    if (property !== undefined) return property.set !== undefined
  }
  return false
}

const isIndex = /^(0|[1-9]\d*)$/

class WatchedArray extends WatchedRecord {
  override get(target: unknown[], key: string | symbol, receiver: object): unknown {
    if (key === 'length') this.accessor.read(SIZE, 0)
    else if (typeof key === 'string' && isIndex.test(key)) noteElementRead(key, this.accessor)
    else return callable(target, key, receiver, this.accessor)
    return Reflect.get(target, key)
  }

  override set(target: unknown[], key: string | symbol, value: unknown): boolean {
    if (key === 'length') this.accessor.write(ALL, 0, NONE)
    else if (typeof key === 'string') noteElementWrite(target, key, value, this.accessor)
    return Reflect.set(target, key, value)
  }
}

class WatchedCollection extends WatchedRecord {
  override get(target: object, key: string | symbol, receiver: object): unknown {
    if (key !== 'size') return callable(target, key, receiver, this.accessor)
    this.accessor.read(SIZE, 0)
    return Reflect.get(target, key, target)
  }
}

type Method = (...args: readonly unknown[]) => unknown

/** A method of a collection, which notes its accesses; any other property as it is. */
function callable(target: object, key: string | symbol, receiver: object, accessor: Accessor): unknown {
  const method: unknown = Reflect.get(target, key, target)
  if (typeof method !== 'function' || key === 'constructor') return method
  return (...args: readonly unknown[]): unknown => {
    noteCall(target, String(key), args, accessor)
    const result = Reflect.apply(method as Method, target, args) // a function
    if (result === target) return receiver
    return isIterator(result) ? stepwise(result, accessor) : result
  }
}

function isIterator(result: unknown): result is IterableIterator<unknown> {
  return typeof result === 'object' && result !== null && Symbol.iterator in result && 'next' in result
}

/** A loop may wait between two steps: each reads the collection. */
function* stepwise(iterator: IterableIterator<unknown>, accessor: Accessor): Generator<unknown, void> {
  for (const value of iterator) {
    noteOfAll(accessor)
    yield value
  }
}
