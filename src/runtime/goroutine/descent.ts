/**
 * The descent of a `return` through `yield*`, from the outermost generator to the operation that the goroutine waits
 * for, and the record of the generators that it reaches.
 *
 * The language has no way to read the chain of `yield*`, but it looks up `return` on each delegate. Until the operation
 * is reached, a function that records stands in for the plain one. No user code runs before that, unless an iterator
 * does not hand on `return`. The place of the lookup depends on the maker of the generator:
 *
 *     this realm's engine                     the prototype of all generators
 *     another realm, regenerator, a class     the prototype where the outermost generator has its `return`
 *     TypeScript's ES5 output                 a property of each object, called through Function.prototype.call
 *
 * One mixture escapes the record: a helper of another realm, or compiled to ES5, below a generator of this engine.
 * Where the `finally` of such a helper waits, its caller resumes after it, as the language does it.
 */
import { isGenerator, isOwnGenerator, ownGenerators, prototypeOf } from '../base/guards.js'
import { descent } from '../operation/performer.js'

type AnyFunction = (this: unknown, ...args: readonly unknown[]) => unknown
type Result = IteratorResult<unknown>

/** Puts a function that records in the place of a plain one, and takes it away again. */
class StandIn {
  private _isPut = false
  private _plain: AnyFunction = nothing
  private readonly _recording: AnyFunction

  constructor(
    readonly place: object,
    private readonly _key: 'return' | 'call',
    recording: (plain: () => AnyFunction) => AnyFunction,
  ) {
    this._recording = recording(() => this._plain)
  }

  /** Leaves a frozen place as it is: its generators are unwound as the language does it. */
  put(): void {
    this._plain = Reflect.get(this.place, this._key) as AnyFunction // each key leads to a function
    this._isPut = Reflect.set(this.place, this._key, this._recording)
  }

  remove(): void {
    if (this._isPut) Reflect.set(this.place, this._key, this._plain)
    this._isPut = false
  }
}

function nothing(): void {}

/** One for each prototype that has a `return`: few, however many programs a process loads. */
const forPrototypes = [forPrototype(ownGenerators)]
const MOST_PROTOTYPES = 16

function forPrototype(prototype: object): StandIn {
  return new StandIn(prototype, 'return', (plain) => {
    return function (this: unknown, ...args) {
      return record(this, plain(), args)
    }
  })
}

const forCalls = new StandIn(Function.prototype, 'call', () => {
  return function (this: unknown, self: unknown, ...args) {
    const called = this as AnyFunction // `call` is a method of functions
    return isGenerator(self) && self.return === called ? record(self, called, args) : Reflect.apply(called, self, args)
  }
})

/** The generators that the descent has reached and that are not done. */
let reached: unknown[] = []
/** The value that the descent returns with. */
let passed: unknown
/** The number of generators at which the segment ends, and the generator that the next segment begins with. */
let segmentEnd = 0
let next: unknown = null
/** The generators of a segment: they take a small part of the smallest stack. */
const SEGMENT = 200
/** The result in place of that of a generator that the next segment begins with. */
const waits: Result = { done: false, value: undefined }

/**
 * Calls `outermost.return(value)`, and fills `chain` with the generators that are not done after it, outermost first. In
 * a chain of several segments the result, or the throw, is that of the last segment.
 */
export function descend(outermost: Generator, value: unknown, chain: Generator[]): Result {
  reached = chain
  passed = value
  if (!isOwnGenerator(outermost)) {
    learnPrototype(outermost)
    forCalls.put()
  }
  for (const standIn of forPrototypes) standIn.put()
  descent.end = arrive
  try {
    for (let top: unknown = outermost; ; top = next) {
      next = null
      segmentEnd = chain.length + SEGMENT
      const end = Reflect.get(top as Generator, 'return') as AnyFunction // a generator has it
      const result = record(top, end, [value]) as Result // of a generator's `return`
      if (next === null) return result
    }
  } finally {
    arrive()
  }
}

/** Ends the descent: at the operation, or after an iterator that does not hand on `return`. */
function arrive(): void {
  if (descent.end === null) return
  descent.end = null
  for (const standIn of forPrototypes) standIn.remove()
  forCalls.remove()
}

/** Calls `end`, the `return` of the generator, and keeps the generator where it is not done after that. */
function record(generator: unknown, end: AnyFunction, args: readonly unknown[]): unknown {
  const chain = reached
  const depth = chain.length
  if (depth > 0 && chain[depth - 1] === generator) return Reflect.apply(end, generator, args) // two stand-ins meet the same call
  if (depth === segmentEnd) {
    next = generator
    return waits
  }
  chain.push(generator)
  let isDone = true
  try {
    const result = Reflect.apply(end, generator, args)
    isDone = (result as Result).done === true // a generator's `return` returns a result
    return isDone && depth > 0 ? { done: true, value: passed } : result // the caller was cut off, whatever its helper returns
  } finally {
    if (isDone) chain.length = depth
  }
}

/** Remembers the prototype where a generator has its `return`, unless it is a property of the generator itself. */
function learnPrototype(generator: Generator): void {
  if (forPrototypes.length >= MOST_PROTOTYPES) return
  for (let place = prototypeOf(generator); place !== null; place = prototypeOf(place)) {
    if (!Object.hasOwn(place, 'return')) continue
    if (!forPrototypes.some((standIn) => standIn.place === place)) forPrototypes.push(forPrototype(place))
    return
  }
}
