// A goroutine need not be a generator of this engine: compilers, other realms and users make objects that act as one.
import { chan, go, gosched, type Chan, type Goroutine, type Op } from 'millrace'
import { beforeEach, describe, expect, it } from 'vitest'
import { performed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'

type Routine = Generator<never, unknown>

const canceled = thrown(expect.objectContaining({ name: 'CanceledError' }))

let log: string[] = []
let forever: Chan<never>
beforeEach(() => {
  log = []
  forever = chan()
})

/** Cancels the goroutine once it waits, and returns how it ended. */
async function unwind(goroutine: Goroutine<unknown>) {
  const join = performed(goroutine.join())
  await settle()
  goroutine.cancel()
  await settle()
  return join.now
}

/** A generator that waits for the inner one, or else forever, and whose `finally` waits as well. */
function* waiting(name: string, inner?: Iterable<never>): Routine {
  try {
    yield* inner ?? (forever.receive() as Iterable<never>)
    log.push(`body of ${name} resumed`)
  } catch {
    log.push(`catch of ${name}`)
  } finally {
    log.push(`${name} begins`)
    yield* gosched()
    log.push(`${name} ends`)
  }
  return `${name} returned`
}

/** An object with the methods of a generator, and nothing else of it. */
function methodsOf(generator: Routine): Routine {
  return {
    next: () => generator.next(),
    return: (value: unknown) => generator.return(value),
    throw: (error: unknown) => generator.throw(error),
    [Symbol.iterator]() {
      return this
    },
  } as Routine
}

/** A generator whose methods are in a prototype of their own, as regenerator and other realms have them. */
class Methods {
  constructor(private readonly generator: Routine) {}
  next(sent: unknown) {
    return this.generator.next(sent)
  }
  return(value: unknown) {
    return this.generator.return(value)
  }
  throw(error: unknown) {
    return this.generator.throw(error)
  }
  [Symbol.iterator]() {
    return this
  }
}

/** Hands on a copy of each result, as the `yield*` of JavaScriptCore does. */
function copying(generator: Routine): Routine {
  const copy = (result: IteratorResult<unknown>) => ({ done: result.done, value: result.value as unknown })
  return {
    ...methodsOf(generator),
    next: (sent: unknown) => copy(generator.next(sent)),
    return: (value: unknown) => copy(generator.return(value)),
  } as Routine
}

const kinds: Record<string, (generator: Routine) => Routine> = {
  'a generator': (generator) => generator,
  'an object with the methods of a generator': methodsOf,
  'a class with the methods of a generator': (generator) => new Methods(generator) as unknown as Routine,
  'an object that copies the results': copying,
}
const names = Object.keys(kinds)

describe.each(names)('%s', (outer) => {
  it('waits, and results in its value', async () => {
    const ch = chan<number>()
    function* receive(): Routine {
      return [yield* ch.receive(), yield* ch.receive()]
    }
    const join = performed(go(() => kinds[outer](receive())).join())
    for (const value of [1, 2]) {
      await settle()
      expect(ch.trySend(value)).toBe(true)
    }
    await settle()
    expect(join.now).toMatchObject({ is: 'done', value: [{ value: 1 }, { value: 2 }] })
  })

  it.each(names)('over %s is unwound innermost first, waits included', async (inner) => {
    const end = await unwind(go(() => kinds[outer](waiting('outer', kinds[inner](waiting('inner', waiting('innermost')))))))
    const each = ['innermost', 'inner', 'outer']
    expect(log).toEqual(each.flatMap((name) => [`${name} begins`, `${name} ends`]))
    expect(end).toEqual(canceled)
  })
})

/** What a user's iterator around an operation may do with the return of its generator. */
const iterators: Record<string, (op: Op<unknown>) => Partial<Iterator<unknown>>> = {
  'has no return': () => ({}),
  'closes itself': () => ({ return: (value) => ({ done: true, value: value as unknown }) }),
  'hands return on': (op) => ({ return: (value: unknown) => op[Symbol.iterator]().return?.(value) ?? { done: true, value } }),
}

describe.each(Object.keys(iterators))('an iterator that %s', (name) => {
  const around = (op: Op<unknown>): Iterable<never> => ({
    [Symbol.iterator]() {
      const iterator = op[Symbol.iterator]()
      return { ...iterators[name](op), next: (sent: unknown) => iterator.next(sent) } as Iterator<never>
    },
  })

  it('lets the finally blocks around it run to their end', async () => {
    const end = await unwind(go(waiting, 'outer', waiting('inner', around(forever.receive()))))
    expect(log).toEqual(['inner begins', 'inner ends', 'outer begins', 'outer ends'])
    expect(end).toEqual(canceled)
  })

  it('leaves the prototype of generators as it was', async () => {
    const prototype = Object.getPrototypeOf(Object.getPrototypeOf(waiting(''))) as Routine // typed any
    const before = [prototype.return, Function.prototype.call]
    await unwind(go(waiting, 'outer', around(forever.receive())))
    await unwind(go(() => methodsOf(waiting('outer', around(forever.receive())))))
    expect([prototype.return, Function.prototype.call]).toEqual(before)
  })
})
