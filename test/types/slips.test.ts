// The usual slips do not compile, and the compiler's message names the fault.
import { describe, expect, it } from 'vitest'
import { typeErrors } from '../docs/type-check.js'

const prelude = `
import { after, chan, choose, go, mapConcurrent, select, type Receiver, type Routine, type Sender } from 'millrace'
const jobs = chan<number>()
const job = mapConcurrent([1], 1, (n) => n)
function* worker(id: number): Routine<number> { return id }
const consume = (from: Receiver<number>) => from
export {}
`

/** Each slip, and the words of its message. */
const slips: Record<string, { readonly code: string; readonly says: RegExp }> = {
  'a channel as a case': { code: 'void select({ job: jobs })', says: /'Chan<number>' is not assignable to type 'Selectable'/ },
  'a channel as a case of an array': {
    code: 'void select([jobs, after(1)])',
    says: /'Chan<number>' is not assignable to type 'Selectable'/,
  },
  'a job as a case': { code: 'void select({ job })', says: /a job is no operation; as a case of select use go\(job\)\.join\(\)/ },
  'a job as an operation of choose': {
    code: 'void choose(job)',
    says: /a job is no operation; as a case of select use go\(job\)\.join\(\)/,
  },
  'a goroutine as a case': {
    code: 'void select({ end: go(() => 1) })',
    says: /'Goroutine<number>' is not assignable to type 'Selectable'/,
  },
  'an async function as a case': {
    code: 'void select({ user: async () => 1 })',
    says: /'\(\) => Promise<number>' is not assignable to type 'Selectable'/,
  },
  'a promise as an operation of choose': {
    code: 'void choose(Promise.resolve(1))',
    says: /'Promise<number>' is not assignable to parameter of type 'Op<any>'/,
  },
  'yield without its star': {
    code: 'go(function* () { yield jobs.receive() })',
    says: /'Generator<Op<Option<number>>, void, unknown>' is not assignable to type 'Generator<never, void, any>'/,
  },
  'a generator in place of its function': {
    code: 'go(worker(1))',
    says: /'Routine<number>' is not assignable to parameter of type 'Body</,
  },
  'a receive without yield*': {
    code: 'go(function* () { return jobs.receive().value })',
    says: /Property 'value' does not exist on type 'Op<Option<number>>'/,
  },
  'a sender in place of a receiver': {
    code: 'const sender: Sender<number> = jobs; consume(sender)',
    says: /'Sender<number>' is not assignable to parameter of type 'Receiver<number>'/,
  },
  'await in a generator': {
    code: 'go(function* () { await jobs.receive() })',
    says: /'await' expressions are only allowed within async functions/,
  },
  'an argument of the wrong type': { code: `go(worker, 'x')`, says: /type 'string' is not assignable to parameter of type 'number'/ },
  'an argument too many': { code: 'go(worker, 1, 2)', says: /Expected 2 arguments, but got 3/ },
  'an argument too few': { code: 'go(worker)', says: /'\(id: number\) => Routine<number>' is not assignable/ },
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
