/**
 * The strands of promises, from the hooks of V8: an `await` or a reaction goes on from where it began to wait, and comes after what settled
 * the promise that it waited for.
 *
 *     init(p, parent) ── … parent settles … ── before(p) ── the code ── after(p)
 *
 * A promise that is resolved with another one has two such turns: the job that asks the other by `then`, and before that, in a chain, the
 * reaction that returned it.
 */
import { promiseHooks } from 'node:v8'
import { current, type Frame, type Point, type RaceEngine, type Settled, type Strand } from '../race/index.js'

const none: readonly unknown[] = []

/** The points and strands of a promise. */
class Fate {
  /** Where the promise was made: its turn goes on from there. */
  readonly from: Point | null
  settled: Settled | null = null
  /** The strand of its turn. */
  turn: Strand | null = null
  /** The strand of the function whose promise it is: it may return another promise, which V8 does not announce. */
  body: Strand | null = null
  /** The frame of that function, if it returns what its caller may go by. */
  frame: Frame | null = null
  /** The elements of a combination. */
  elements: readonly unknown[] = none

  constructor(
    engine: RaceEngine,
    public parent: Fate | null,
  ) {
    this.from = engine.continuations.point(parent !== null)
  }
}

/** Returns the object that it is called with, so that a derived class adds its private field to that object. */
const Given = class {
  constructor(object: object) {
    return object
  }
}

/** Fates in a private field: a `WeakMap` costs several times as much, and a property under a symbol is seen by programs. */
class Marked extends Given {
  #fate: Fate

  constructor(promise: object, fate: Fate) {
    super(promise)
    this.#fate = fate
  }

  static fateOf(promise: object): Fate | null {
    return #fate in promise ? promise.#fate : null
  }
}

/** Of a promise that was made while an engine was in force. */
export function fateOf(value: unknown): Fate | null {
  return typeof value === 'object' && value !== null ? Marked.fateOf(value) : null
}

/** The promise made last that waits for no other: of an async function that begins, it is that of the function. */
let newest: Fate | null = null

/** The fate of the promise of an async function whose body begins. */
export function takeNewest(): Fate | null {
  const fate = newest
  newest = null
  return fate
}

export function watchPromises(): () => void {
  const restore = (['all', 'allSettled', 'any'] as const).map((name) => watchCombination(name))
  const stop = promiseHooks.createHook({ init, before, after, settled }) as () => void // the types say `Function`
  return () => {
    stop()
    for (const one of restore) one()
  }
}

function init(promise: Promise<unknown>, parent?: Promise<unknown>): void {
  const engine = current()
  if (engine === null) return
  const fate = new Fate(engine, parent === undefined ? null : fateOf(parent))
  new Marked(promise, fate)
  if (parent === undefined) newest = fate
}

function before(promise: Promise<unknown>): void {
  const engine = current()
  if (engine === null) return
  const { continuations } = engine
  const fate = Marked.fateOf(promise)
  const strand = continuations.enter(fate?.from ?? null, null)
  if (fate === null || strand === null) return
  const { parent, turn, body } = fate
  if (turn !== null) continuations.join(turn)
  if (body !== null) continuations.join(body)
  if (parent !== null) {
    continuations.after(parent.settled)
    if (parent.turn !== null) continuations.join(parent.turn) // the job that asked a thenable for it
    for (const element of parent.elements) continuations.after(fateOf(element)?.settled ?? null)
  }
  fate.turn = strand
  fate.parent = null // or a chain of promises would live as long as its last
}

function after(): void {
  current()?.continuations.leave()
}

function settled(promise: Promise<unknown>): void {
  const engine = current()
  const fate = engine === null ? null : Marked.fateOf(promise)
  if (engine !== null && fate !== null) fate.settled = engine.continuations.settles()
}

type Combination = (this: unknown, items: Iterable<unknown>) => Promise<unknown>

/** A promise of several comes after each of them; V8 announces the last only. */
function watchCombination(name: 'all' | 'allSettled' | 'any'): () => void {
  const plain: unknown = Reflect.get(Promise, name)
  const watched: Combination = function (items) {
    const elements: unknown[] = []
    const isIterable = typeof items === 'object' && items !== null && Symbol.iterator in items
    const result = Reflect.apply(plain as Combination, this, [isIterable ? recorded(items, elements) : items]) // one of the language's
    const fate = fateOf(result)
    if (fate !== null) fate.elements = elements
    return result
  }
  Object.defineProperty(watched, 'name', { value: name })
  Object.defineProperty(Promise, name, { value: watched, writable: true, configurable: true })
  return () => void Object.defineProperty(Promise, name, { value: plain, writable: true, configurable: true })
}

function* recorded(items: Iterable<unknown>, elements: unknown[]): Generator<unknown, void> {
  for (const item of items) {
    elements.push(item)
    yield item
  }
}
