/** What instrumented code calls: the hooks of `src/instrument/sites.ts`, over the engine that is in force. */
import { isGeneratorObject, isProxy } from 'node:util/types'
import { Channel } from '../../runtime/internal.js'
import {
  ALL,
  allowDeclared,
  current,
  Frame,
  noteCall,
  noteElementRead,
  noteElementWrite,
  isWeak,
  noteOfAll,
  NONE,
  RETURNED,
  SIZE,
  sites,
  type GoesBy,
  type RaceEngine,
  type Variable,
} from '../race/index.js'
import { addModule, nameOf } from './modules.js'
import { fateOf, takeNewest } from './promises.js'
import { accessor } from './site-accessor.js'

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** An object whose properties are places: those of collections, promises and buffers of bytes are not. */
function hasPlaces(object: object): boolean {
  return !(Array.isArray(object) || isCollection(object) || object instanceof Promise || isBytes(object))
}

/** Of other typed arrays the elements are places. */
function isBytes(object: object): boolean {
  return ArrayBuffer.isView(object) && !('BYTES_PER_ELEMENT' in object && object.BYTES_PER_ELEMENT !== 1)
}

function isCollection(object: object): boolean {
  return object instanceof Map || object instanceof Set || isWeak(object)
}

/** The key of a property that tells the members of a collection. */
function isSize(object: object, key: string): boolean {
  return (key === 'length' && Array.isArray(object)) || (key === 'size' && isCollection(object))
}

// eslint-disable-next-line max-params -- called at each access: a record would be allocated
function readProperty(object: unknown, key: string, site: number, flags: number, frame: Frame | null): void {
  const engine = current()
  if (engine === null || !isObject(object)) return
  if (hasPlaces(object)) engine.read(engine.placeOf(object, key, site), site, flags, frame)
  else if (isSize(object, key)) readSize(engine, object, site, flags, frame)
}

// eslint-disable-next-line max-params -- called at each access: a record would be allocated
function readSize(engine: RaceEngine, object: object, site: number, flags: number, frame: Frame | null): void {
  engine.read(engine.placeOf(object, SIZE, site), site, flags, frame)
  if (!Array.isArray(object)) return
  const stamp = frame?.at(site)
  if (stamp != null) stamp.size = object.length
}

// eslint-disable-next-line max-params -- called at each access: a record would be allocated
function readElement(object: unknown, key: unknown, site: number, flags: number, frame: Frame | null): void {
  const engine = current()
  if (engine === null || !isObject(object) || typeof key === 'symbol' || isObject(key)) return
  if (Array.isArray(object) && key !== 'length') {
    noteElementRead(String(key), accessor.of(engine, object, site, site, flags, frame, null))
    accessor.release()
  } else readProperty(object, String(key), site, flags, frame)
}

// eslint-disable-next-line max-params -- called at each access: a record would be allocated
function writeProperty(object: unknown, key: string, site: number, flags: number, value: unknown, goesBy: GoesBy | null): void {
  const engine = current()
  if (engine === null || !isObject(object)) return
  if (!Array.isArray(object) || key !== 'length') return engine.write(engine.placeOf(object, key, site), site, flags, value, goesBy)
  for (const part of [SIZE, ALL]) engine.write(engine.placeOf(object, part, site), site, flags, NONE, goesBy)
}

// eslint-disable-next-line max-params -- called at each access: a record would be allocated
function writeElement(object: unknown, key: unknown, site: number, flags: number, value: unknown, goesBy: GoesBy | null): void {
  const engine = current()
  if (engine === null || !isObject(object) || typeof key === 'symbol' || isObject(key)) return
  if (goesBy !== null && Array.isArray(object)) noteIndex(engine, object, key, site, goesBy)
  if (Array.isArray(object) && key !== 'length') {
    noteElementWrite(object, String(key), value, accessor.of(engine, object, site, -1, flags, null, goesBy))
    accessor.release()
  } else writeProperty(object, String(key), site, flags, value, goesBy)
}

// eslint-disable-next-line max-params -- called at each access: a record would be allocated
function noteIndex(engine: RaceEngine, array: object, key: unknown, site: number, goesBy: GoesBy): void {
  const [size, all] = [engine.placeOf(array, SIZE, site), engine.placeOf(array, ALL, site)]
  engine.index({ size, all, index: Number(key), name: nameOf(site) }, site, goesBy)
}

/** The frame keeps them as the answer of one call, since they are many at one site. */
function readEverything(object: unknown, site: number, flags: number, frame: Frame | null): void {
  if (!isObject(object)) return
  if (!hasPlaces(object)) return readAll(object, site)
  const values = frame === null ? null : (current()?.values ?? null)
  if (frame !== null) values?.asks(frame, site, flags)
  for (const key of keysOf(object)) readProperty(object, key, site, values === null ? flags : flags | RETURNED, null)
  if (frame !== null) values?.took(frame, site, null)
}

/** The value behind keys; null where code of the user would tell it, a getter or a proxy. */
function objectAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value
  for (const key of path) {
    if (!isObject(at) || isProxy(at) || (typeof key === 'number' && !Array.isArray(at))) return null
    at = Object.getOwnPropertyDescriptor(at, key)?.value
  }
  return at
}

function readAll(collection: unknown, site: number): void {
  const engine = current()
  if (engine === null || !isObject(collection) || !(Array.isArray(collection) || isCollection(collection))) return
  noteOfAll(accessor.of(engine, collection, site, site, 0, null, null))
  accessor.release()
}

/* eslint-disable max-params -- the parameters are those of the interface, which generated code calls */
export const hooks = {
  NONE,

  module(...module: Parameters<typeof addModule>): number {
    if (sites.length === 0) current()?.begin() // the work of the loader so far touched no place: its clocks would make all others long
    return addModule(...module)
  },

  cell: (name: string): Variable => ({ name, place: null, places: null }),

  declared<T>(object: T, key: string | null, site: number): T {
    if (isObject(object)) allowDeclared(object, key, sites[site].file, sites[site].line)
    return object
  },

  frame(site: number, suspends: boolean): Frame | null {
    const engine = current()
    if (engine === null) return null
    const frame = engine.frame(nameOf(site), suspends)
    if (frame.task !== null) frame.promise = takeNewest()
    return frame
  },

  calls<T>(value: T, site: number): T {
    current()?.calls(site)
    return value
  },

  asks<T>(value: T, frame: Frame | null, site: number, flags: number): T {
    if (frame !== null) current()?.values.asks(frame, site, flags)
    return value
  },

  took<T>(value: T, frame: Frame | null, site: number): T {
    if (frame !== null) current()?.values.took(frame, site, fateOf(value))
    return value
  },

  delegated<T>(value: T, frame: Frame | null, site: number): T {
    if (frame !== null) current()?.values.delegated(frame, site)
    return value
  },

  returns<T>(value: T, frame: Frame | null): T {
    if (frame !== null) current()?.values.returns(frame)
    return value
  },

  passes<T>(value: T, site: number, goesBy: GoesBy | null): T {
    if (goesBy !== null) current()?.values.passes(site, goesBy)
    return value
  },

  passedTo<T>(value: T): T {
    if (!isGeneratorObject(value)) current()?.values.passesNothing()
    return value
  },

  passed(site: number): Frame | null {
    return current()?.values.passed(nameOf(site)) ?? null
  },

  wait<T>(value: T, frame: Frame | null, site?: number): T {
    current()?.goesOn(frame, site)
    return value
  },

  resume(frame: Frame | null): void {
    current()?.goesOn(frame)
  },

  readVariable(variable: Variable, site: number, flags: number, frame: Frame | null): void {
    const engine = current()
    if (engine !== null) engine.read(engine.placeOfVariable(variable), site, flags, frame)
  },

  writeVariable<T>(variable: Variable, site: number, flags: number, value: T, goesBy: GoesBy | null): T {
    const engine = current()
    if (engine !== null) engine.write(engine.placeOfVariable(variable), site, flags, value, goesBy)
    return value
  },

  read<T>(object: T, key: string, site: number, flags: number, frame: Frame | null): T {
    readProperty(object, key, site, flags, frame)
    return object
  },

  method<T>(object: T, key: string, site: number, flags: number, frame: Frame | null): T {
    if (hasOwn(object, key)) readProperty(object, key, site, flags, frame)
    return object
  },

  element(object: Record<PropertyKey, unknown>, key: PropertyKey, site: number, flags: number, frame: Frame | null): unknown {
    readElement(object, key, site, flags, frame)
    return object[key]
  },

  elementKey<T>(object: unknown, key: T, site: number, flags: number, frame: Frame | null): T {
    readElement(object, key, site, flags, frame)
    return key
  },

  everything<T>(object: T, site: number, flags = 0, frame: Frame | null = null): T {
    readEverything(object, site, flags, frame)
    return object
  },

  part<T>(value: T, path: readonly PropertyKey[], key: string | number | null, site: number, flags: number, frame: Frame | null): T {
    const object = objectAt(value, path)
    if (key === null) readEverything(object, site, flags, frame)
    else if (typeof key === 'string') readProperty(object, key, site, flags, frame)
    else if (Array.isArray(object) || ArrayBuffer.isView(object)) readElement(object, key, site, flags, frame)
    return value
  },

  items<T>(collection: T, site: number): T {
    readAll(collection, site)
    return collection
  },

  step(collection: unknown, site: number): void {
    readAll(collection, site)
  },

  write<T>(object: unknown, key: string, site: number, flags: number, value: T, goesBy: GoesBy | null): T {
    writeProperty(object, key, site, flags, value, goesBy)
    return value
  },

  writeElement<T>(object: unknown, key: unknown, site: number, flags: number, value: T, goesBy: GoesBy | null): T {
    writeElement(object, key, site, flags, value, goesBy)
    return value
  },

  replaces<T>(value: T, old: unknown, owner: Variable | object, key: string | null, site: number, goesBy: GoesBy | null): T {
    const engine = current()
    if (engine === null || goesBy === null || !isObject(owner)) return value
    const place = key === null ? engine.placeOfVariable(owner as Variable) : engine.placeOf(owner, key, site) // a cell has no key
    const collection = old ?? objectAt(owner, key === null ? [] : [key])
    if (isObject(collection) && (Array.isArray(collection) || isCollection(collection)))
      engine.replaces(place, engine.placeOf(collection, SIZE, site), site, goesBy)
    return value
  },

  update(object: unknown, key: unknown, readSite: number, site: number, flags: number, goesBy: GoesBy | null, frame: Frame | null): void {
    readElement(object, key, readSite, 0, frame)
    writeElement(object, key, site, flags, NONE, goesBy)
  },

  remove(object: unknown, key: unknown, site: number): void {
    writeElement(object, key, site, 0, NONE, null)
  },

  call<T extends readonly unknown[]>(
    object: unknown,
    method: string,
    site: number,
    flags: number,
    frame: Frame | null,
    readSite: number,
    goesBy: GoesBy | null,
    parameters: T,
  ): T {
    const engine = current()
    if (engine === null || !isObject(object)) return parameters
    if (Array.isArray(object) || isCollection(object)) {
      engine.values.passesNothing()
      noteCall(object, method, parameters, accessor.of(engine, object, site, readSite, flags, frame, goesBy))
      accessor.release()
    } else if (hasOwn(object, method)) readProperty(object, method, site, flags, frame)
    return parameters
  },

  first: <T>(value: T): T => value,
}
/* eslint-enable max-params */

/** Whether a method is a place. Without calling code of the user: of a proxy nothing is known. Those of a channel stay as they are. */
function hasOwn(object: unknown, key: string): boolean {
  return isObject(object) && !isProxy(object) && !(object instanceof Channel) && Object.hasOwn(object, key)
}

function keysOf(object: object): string[] {
  return isProxy(object) ? [] : Object.keys(object)
}
