// The usual slips do not compile, and the compiler's message names the fault.
import { describe, expect, it } from 'vitest'
import { typeErrors } from '../docs/type-check.js'

const prelude = `
import { after, background, chan, choose, errgroup, go, mapConcurrent, once, pool, range, scope, select, trySelect, uncancelable, waitGroup, withTimeout,
  type Receiver, type Routine, type Sender } from 'millrace'
import { workerPool } from 'millrace/operators'
const jobs = chan<number>()
const job = mapConcurrent([1], 1, (n) => n)
function* worker(id: number): Routine<number> { return id }
async function load(id: number) { return id }
const consume = (from: Receiver<number>) => from
export {}
`

const star =
  /'Op<Option<number>>' is not assignable to type '"use yield\* to perform an operation: a yield without its star does not wait"'/
const takesFunction =
  /"go takes a function and its arguments, go\(worker, 1\): the call go\(worker\(1\)\) makes a generator or a promise, and go starts neither"/
const channel =
  /'Chan<number>' is not assignable to (parameter of )?type '"a channel is no operation: use channel\.receive\(\) or channel\.send\(value\)"'/
const aJob = /'Job<number\[\]>' is not assignable to (parameter of )?type '"a job is no operation: use go\(job\)\.join\(\)"'/

/** Each slip, and the words of its message. */
const slips: Record<string, { readonly code: string; readonly says: RegExp }> = {
  'a channel as a case': { code: 'void select({ job: jobs })', says: channel },
  'a channel as a case of an array': { code: 'void select([jobs, after(1)])', says: channel },
  'a channel as a case of trySelect': { code: 'void trySelect({ job: jobs })', says: channel },
  'a channel as an operation of choose': { code: 'void choose(after(1), jobs)', says: channel },
  'a job as a case': { code: 'void select({ job })', says: aJob },
  'a job as an operation of choose': { code: 'void choose(job)', says: aJob },
  'a goroutine as a case': {
    code: 'void select({ end: go(() => 1) })',
    says: /'Goroutine<number>' is not assignable to type '"a goroutine is no operation: use goroutine\.join\(\)"'/,
  },
  'a context as a case': { code: 'void select({ end: background })', says: /type '"a context is no operation: use ctx\.done\(\)"'/ },
  'an async function as a case': {
    code: 'void select({ user: async () => 1 })',
    says: /type '"a function is no operation: call it, or use go\(f\)\.join\(\)"'/,
  },
  'a value as a case': {
    code: 'void select({ n: 5 })',
    says: /type '"expected an operation: ch\.receive\(\), after\(ms\), ctx\.done\(\)"'/,
  },
  'a promise as an operation of choose': {
    code: 'void choose(Promise.resolve(1))',
    says: /type '"a promise is no operation: use fromPromise\(promise\)"'/,
  },
  'the result of an empty select, which waits forever': {
    code: 'go(function* () { return (yield* select({})).case })',
    says: /Property 'case' does not exist on type 'never'/,
  },
  'yield without its star': { code: 'go(function* () { yield jobs.receive() })', says: star },
  'yield without its star in a wait group': { code: 'waitGroup().go(function* () { yield jobs.receive() })', says: star },
  'yield without its star in an errgroup': { code: 'errgroup().go(function* () { yield jobs.receive() })', says: star },
  'yield without its star in a pool': { code: 'pool({ size: 1 }).go(function* () { yield jobs.receive() })', says: star },
  'yield without its star in a scope': { code: 'void scope(background, function* () { yield jobs.receive() })', says: star },
  'yield without its star in a once': { code: 'void once().do(function* () { yield jobs.receive() })', says: star },
  'yield without its star in a stage': { code: 'workerPool(1, function* (n: number) { yield jobs.receive() })', says: star },
  'a generator in place of its function': { code: 'go(worker(1))', says: takesFunction },
  'a promise in place of its function': { code: 'go(load(1))', says: takesFunction },
  'an operation in place of a function': { code: 'go(jobs.receive())', says: takesFunction },
  'a generator in place of its function, in a group': {
    code: 'errgroup().go(worker(1))',
    says: /'Routine<number>' is not assignable to parameter of type 'GroupBody<unknown>'/,
  },
  'an argument of the wrong type': { code: `go(worker, 'x')`, says: /type 'string' is not assignable to parameter of type 'number'/ },
  'an argument too many': { code: 'go(worker, 1, 2)', says: /Expected 2 arguments, but got 3/ },
  'an argument too few': { code: 'go(worker)', says: /type '"the arguments of a function follow it: go\(worker, 1\)"'/ },
  'a function of a pool with an argument of its own': {
    code: 'pool<number>({ size: 1 }).go(worker)',
    says: /Types of parameters 'id' and '\w+' are incompatible\.\s+Type 'Context' is not assignable to type 'number'/,
  },
  'a function of a pool with too many arguments': {
    code: 'pool<number>({ size: 1 }).go((ctx: unknown, n: number) => n)',
    says: /Target signature provides too few arguments\. Expected 2 or more, but got 1/,
  },
  'a receive without yield*': {
    code: 'go(function* () { return jobs.receive().value })',
    says: /Property 'value' does not exist on type 'Op<Option<number>>'/,
  },
  'an Option in place of its value': {
    code: 'go(function* () { return (yield* jobs.receive()) + 1 })',
    says: /Operator '\+' cannot be applied to types 'Option<number>' and 'number'/,
  },
  'a promise after yield*': {
    code: 'go(function* () { yield* load(1) })',
    says: /Type 'Promise<number>' must have a '\[Symbol\.iterator\]\(\)' method/,
  },
  'an async function where a routine is expected': {
    code: 'go(function* () { yield* uncancelable(load(1)) })',
    says: /'Promise<number>' is not assignable to parameter of type 'Routine</,
  },
  'for…of over a channel': {
    code: 'for (const n of jobs) console.log(n)',
    says: /Type 'Chan<number>' must have a '\[Symbol\.iterator\]\(\)' method/,
  },
  'for…of over a range': {
    code: 'for (const n of range(jobs)) console.log(n)',
    says: /Type 'Cursor<number>' must have a '\[Symbol\.iterator\]\(\)' method/,
  },
  'a timeout without its parent': { code: 'withTimeout(100)', says: /Expected 2-3 arguments, but got 1/ },
  'the arguments of a timeout the wrong way round': {
    code: 'withTimeout(100, background)',
    says: /type 'number' is not assignable to parameter of type 'Context'/,
  },
  'a sender in place of a receiver': {
    code: 'const sender: Sender<number> = jobs; consume(sender)',
    says: /'Sender<number>' is not assignable to parameter of type 'Receiver<number>'/,
  },
  'await in a generator': {
    code: 'go(function* () { await jobs.receive() })',
    says: /'await' expressions are only allowed within async functions/,
  },
}

describe('a message of the compiler', () => {
  // One program for all: loading the libraries takes most of the time.
  const errors = typeErrors(Object.entries(slips).map(([place, { code }]) => ({ place, code: prelude + code })))

  it.each(Object.entries(slips))('names the fault: %s', (name, { says }) => {
    const own = errors.filter((error) => error.startsWith(`${name}: `))
    expect(own).toHaveLength(1)
    expect(own[0]).toMatch(says)
  })
})
