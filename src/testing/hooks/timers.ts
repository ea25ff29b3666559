/** Callbacks of timers and microtasks go on from the code that has set them; time alone orders nothing. */
import { current, type Point, type RaceEngine, type TaskInfo } from '../race/index.js'

type Callback = (...parameters: unknown[]) => unknown
type Setter = (callback: unknown, ...parameters: unknown[]) => unknown

/** An object with functions that set timers: the global object, or `process`. */
type Owner = Record<string, Setter>

export function watchTimers(): () => void {
  const setters = globalThis as unknown as Owner // each is looked up by its name
  const restore = ['setTimeout', 'setImmediate', 'setInterval', 'queueMicrotask'].map((name) => watch(setters, name))
  restore.push(watch(process as unknown as Owner, 'nextTick')) // a function of Node
  return () => {
    for (const one of restore) one()
  }
}

function watch(owner: Owner, name: string): () => void {
  const plain = owner[name]
  const watched: Setter = function (this: unknown, callback, ...parameters) {
    const engine = current()
    const isWatched = engine !== null && typeof callback === 'function'
    return Reflect.apply(plain, this, [isWatched ? named(name, callback as Callback /* a function */, engine) : callback, ...parameters])
  }
  Object.defineProperties(watched, Object.getOwnPropertyDescriptors(plain)) // its name, its promisified form
  owner[name] = watched
  return () => void (owner[name] = plain)
}

function named(name: string, callback: Callback, engine: RaceEngine): Callback {
  const isTimer = name.startsWith('set')
  let from: Point = engine.continuations.point(true)
  const task: TaskInfo | null = isTimer ? { ...from.task, name: `${name} callback`, by: from.task.name, start: engine.start() } : null
  return function (this: unknown, ...parameters) {
    const engine = current()
    if (engine === null) return Reflect.apply(callback, this, parameters)
    const { continuations } = engine
    const strand = continuations.enter(from, task)
    try {
      return Reflect.apply(callback, this, parameters)
    } finally {
      if (strand !== null && name === 'setInterval') from = continuations.point(true) // the next call comes after this one
      continuations.leave()
    }
  }
}
