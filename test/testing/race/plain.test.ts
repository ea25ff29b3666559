/** Races of plain async code: those of the pairs are reported, those of their twins and of harmless code are not. */
import * as toolkit from 'millrace'
import { bubble } from 'millrace/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hooks } from '../../../src/testing/hooks/index.js'
import { addSites, RaceEngine, type RaceError } from '../../../src/testing/race/index.js'
import { few, survivorsOf } from '../../support/survivors.js'
import { evaluate, installHooks, load, racesOf } from './instrumented.js'
import type { Pair } from './programs/pairs.mjs'
import type { Service } from './programs/services.mjs'

let stop: () => void
beforeAll(() => {
  stop = installHooks()
})
afterAll(() => {
  stop()
})

async function programs<T>(file: string): Promise<T> {
  const uninstall = installHooks()
  try {
    return await load<T>(new URL(`programs/${file}`, import.meta.url))
  } finally {
    uninstall()
  }
}

const { pairs } = await programs<{ pairs: Pair[] }>('pairs.mjs')
const { services } = await programs<{ services: Service[] }>('services.mjs')
const { servers } = await programs<{ servers: Service[] }>('servers.mjs')
type Harmless = { harmless: (() => Promise<unknown>)[] }
const harmless = (await Promise.all(['harmless.mjs', 'harmless-services.mjs'].map(programs<Harmless>))).flatMap((one) => one.harmless)

describe('pairs', () => {
  it.each(pairs)('$name: is reported', async ({ racy, onlyAll }) => {
    expect(await racesOf(racy, onlyAll === true ? 'all' : 'order')).not.toEqual([])
  })
  it.each(pairs)('$name: its twin is not, at any strand', async ({ fixed }) => {
    expect(await racesOf(fixed, 'all')).toEqual([])
  })
})

describe('services', () => {
  it.each([...services, ...servers])('$name: is reported', async ({ racy, isMissed }) => {
    expect((await racesOf(racy)).length > 0).toBe(isMissed !== true)
  })
  it.each([...services, ...servers])('$name: its twin is not, at any strand', async ({ fixed }) => {
    expect(await racesOf(fixed, 'all')).toEqual([])
  })
})

describe('harmless code', () => {
  it('has programs of all styles', () => {
    expect(harmless.length).toBeGreaterThan(80)
  })
  it.each(harmless.map((program) => ({ name: program.name, program })))('$name', async ({ program }) => {
    expect(await racesOf(program)).toEqual([])
  })
})

describe('members of a collection', () => {
  const racesIn = async (task: string, other: string): Promise<string[]> => {
    const source = `
      export async function program() {
        const list = [1], set = new Set([1, 2]), pause = () => new Promise((resume) => setImmediate(resume))
        await Promise.all([(async () => { ${task} })(), (async () => { await pause(); ${other} })()])
      }`
    const { program } = await evaluate<{ program: () => Promise<void> }>(source, 'members.mjs')
    return (await racesOf(program)).map(({ rule }) => rule)
  }
  it.each([
    [
      'two that take',
      'while (list.length > 0) { await pause(); await pause(); list.shift() }',
      'while (list.length > 0) { await pause(); await pause(); list.shift() }',
    ],
    [
      'two that add',
      'if (list.length < 2) { await pause(); await pause(); list.push(1) }',
      'if (list.length < 2) { await pause(); await pause(); list.push(1) }',
    ],
    ['two that delete', 'if (set.size > 1) { await pause(); await pause(); set.delete(1) }', 'if (set.size > 1) set.delete(2)'],
    ['one that throws away, one that adds', 'if (list.length > 0) { await pause(); await pause(); list.length = 0 }', 'list.push(2)'],
    [
      'one that takes, one that moves',
      'const last = list.length - 1; await pause(); await pause(); list.splice(last, 1)',
      'list.unshift(0)',
    ],
    ['one that adds by an older size, one that takes', 'const id = list.length; await pause(); await pause(); list.push(id)', 'list.pop()'],
    [
      'one that takes, one that adds and takes',
      'if (list.length > 0) { await pause(); await pause(); list.shift() }',
      'list.push(2); list.shift()',
    ],
    ['two that add what is missing', 'if (!list.includes(7)) { await pause(); await pause(); list.push(7) }', 'list.push(7)'],
    [
      'one that adds by an older size, beside what it took',
      'const id = list.length, old = list.pop(); await pause(); await pause(); list.push([id, old])',
      'list.push(2)',
    ],
    [
      'one that adds by a test of the size, which takes nothing',
      'const id = list.length > 0 ? 1 : 2; await pause(); await pause(); list.push(id)',
      'list.push(2)',
    ],
    [
      'one that takes from another list',
      'const id = list.length > 0 ? [...set].pop() : 2; await pause(); await pause(); list.push(id)',
      'list.push(2)',
    ],
    [
      'one that takes out at a place that it took',
      'const at = list.pop(); await pause(); await pause(); list.splice(at, 1)',
      'list.unshift(0, 0)',
    ],
  ])('%s: is reported', async (_, task, other) => {
    expect(await racesIn(task, other)).toContain('stale')
  })
  it.each([
    ['one takes, one adds', 'while (list.length > 0) { await pause(); await pause(); list.shift() }', 'list.push(2)'],
    ['one takes a part, one adds', 'const part = list.slice(); await pause(); await pause(); list.splice(0, part.length)', 'list.push(2)'],
    ['one deletes, one adds', 'if (set.size > 0) { await pause(); await pause(); set.delete(1) }', 'set.add(2)'],
    ['one adds behind a test, one takes', 'if (list.length < 2) { await pause(); await pause(); list.push(1) }', 'list.pop()'],
    ['one puts back what it popped, one adds', 'const one = list.pop(); await pause(); await pause(); list.push(one)', 'list.push(2)'],
    ['one puts back what it shifted, one adds', 'const one = list.shift(); await pause(); await pause(); list.push(one)', 'list.push(2)'],
    ['one puts back at the front, one adds', 'const one = list.shift(); await pause(); await pause(); list.unshift(one)', 'list.push(2)'],
    ['one puts back between, one adds', 'const one = list.shift(); await pause(); await pause(); list.splice(0, 0, one)', 'list.push(2)'],
    [
      'one puts back what comes of it, one adds',
      'const one = list.pop(); await pause(); await pause(); list.push(one + 1)',
      'list.push(2)',
    ],
    [
      'one takes where there is one, and puts back',
      'const one = list.length > 0 ? list.pop() : 2; await pause(); await pause(); list.push(one)',
      'list.push(2)',
    ],
    [
      'one takes where the list is not empty, and puts back',
      'const one = list.length === 0 ? 2 : list.pop(); await pause(); await pause(); list.push(one)',
      'list.push(2)',
    ],
    [
      'one takes after an `and`, and puts back',
      'const one = (list.length && list.pop()) || 2; await pause(); await pause(); list.push(one)',
      'list.push(2)',
    ],
  ])('%s: is not', async (_, task, other) => {
    expect(await racesIn(task, other)).toEqual([])
  })
})

describe('reads of a pattern', () => {
  const withdrawing = (body: string): string => `
    export async function program() {
      const account = { balance: 100, owner: 'a' }
      const bank = () => new Promise((resume) => setImmediate(resume))
      async function withdraw(amount) { ${body} }
      await Promise.all([withdraw(10), withdraw(20)])
    }`
  const races = async (body: string): Promise<string[]> => {
    const { program } = await evaluate<{ program: () => Promise<void> }>(withdrawing(body), 'pattern.mjs')
    return (await racesOf(program)).map(({ rule, place, accesses }) => `${rule} ${place} ${accesses.map(({ did }) => did).join(' ')}`)
  }
  it.each([
    'const { balance } = account; await bank(); account.balance = balance - amount',
    'const { balance: old = 0, owner } = account; await bank(); account.balance = old - amount',
    'let balance; ({ balance } = account); await bank(); account.balance = balance - amount',
    'const { balance, ...rest } = account; await bank(); account.balance = balance - amount',
    'const { balance } = account; if (balance < amount) return; await bank(); account.balance -= amount',
  ])('%s', async (body) => {
    expect(await races(body)).toEqual(['stale account.balance read write write'])
  })
  it.each([
    'const { balance } = account; account.balance = balance - amount; await bank()',
    'await bank(); const { balance } = account; account.balance = balance - amount',
    'const { owner } = account; await bank(); account.balance -= amount + owner.length',
    'let { balance } = account; await bank(); ({ balance } = account); account.balance = balance - amount',
  ])('no race: %s', async (body) => {
    expect(await races(body)).toEqual([])
  })
})

describe('values that go through calls', () => {
  const names = (found: readonly RaceError[]) =>
    found.map(({ rule, place, accesses }) => `${rule} ${place} ${accesses.map(({ at }) => /^\S+/.exec(at ?? '')?.[0]).join(' ')}`)
  const races = async (body: string): Promise<string[]> => {
    const source = `
      const state = { n: 0, m: 0 }
      const pause = (turns = 0) => new Promise((resume) => setImmediate(() => resume(turns > 0 ? pause(turns - 1) : 0)))
      const get = () => state.n
      const load = async () => { await pause(); return state.n }
      const put = (n) => { state.n = n }
      const save = async (n) => { await pause(); state.n = n }
      async function work() { ${body} }
      export async function program() { await Promise.all([work(), pause(1).then(work)]) }`
    const { program } = await evaluate<{ program: () => Promise<void> }>(source, 'values.mjs')
    return names(await racesOf(program))
  }
  it.each([
    ['const old = get(); await pause(3); state.n = old + 1', 'get work work'],
    ['const old = await load(); await pause(3); state.n = old + 1', 'load work work'],
    ['const asked = load(); await pause(3); state.n = (await asked) + 1', 'load work work'],
    ['if (get() > 9) return; await pause(3); state.n += 1', 'get work work'],
    ['const old = state.n; await pause(3); put(old + 1)', 'work put put'],
    ['const old = state.n; await pause(3); await save(old + 1)', 'work save save'],
    ['const old = await load(); await pause(3); await save(old + 1)', 'load save save'],
    ['const keep = (n) => { state.n = Number(n) }; const old = state.n; await pause(3); keep(old + 1)', 'work keep keep'],
    [
      'const keep = (n) => { const next = Math.max(n, 0); state.n = next }; const old = get(); await pause(3); keep(old + 1)',
      'get keep keep',
    ],
    ['const again = async () => { await pause(); return load() }; const old = await again(); await pause(3); put(old + 1)', 'load put put'],
  ])('%s', async (body, functions) => {
    expect(await races(body)).toEqual([`stale state.n ${functions}`])
  })
  it.each([
    'await pause(3); const old = get(); state.n = old + 1',
    'const old = get(); await pause(3); state.m = old + 1',
    'const old = get(); state.n = old; await pause(3); state.n += 1',
    'if (get() > 9) return; put(1); await pause(3); state.n += 1',
    'const old = state.m; await pause(3); put(old + 1)',
    'const old = state.n; await pause(3); put(get() + old * 0)',
    'const raise = (n) => { state.n = Math.max(state.n, n) }; const old = get(); await pause(3); raise(old + 1)',
    'const add = (n) => { state.n = state.n + n }; const old = get(); await pause(3); add(old)',
    'try { get(fails()) } catch {} function fails() { get(); throw 1 } const old = 1; await pause(3); state.n = old',
  ])('no race: %s', async (body) => {
    expect(await races(body)).toEqual([])
  })

  it('go through a generator that a goroutine delegates to', async () => {
    const source = `
      export function* program({ go, sleep }) {
        const state = { n: 0 }
        function* load() { yield* sleep(1); return state.n }
        function* add() { const old = yield* load(); yield* sleep(1); state.n = old + 1 }
        const first = go(add)
        yield* go(add).join()
        yield* first.join()
      }`
    const { program } = await evaluate<{ program: (given: typeof toolkit) => Generator<never, void> }>(source, 'generators.mjs')
    const found = await racesOf(() => bubble(() => program(toolkit)))
    expect(names(found)).toContain('stale state.n load add add')
  })
})

describe('an index', () => {
  const races = async (body: string): Promise<string> => {
    const found: string[] = []
    for (const other of ["list.push('c')", 'list.shift()', 'list.join()']) {
      const source = `
        const pause = (turns = 0) => new Promise((resume) => setImmediate(() => resume(turns > 0 ? pause(turns - 1) : 0)))
        export async function program() {
          const list = ['a', 'b']
          async function work() { ${body} }
          async function others() { await pause(); ${other} }
          await Promise.all([work(), others()])
        }`
      const { program } = await evaluate<{ program: () => Promise<void> }>(source, 'index.mjs')
      const [race] = await racesOf(program)
      found.push(race === undefined ? 'none' : (/^stale index of \S+(?=:)/.exec(race.message)?.[0] ?? race.message))
    }
    return found.join(', ')
  }
  it.each([
    [
      'of the length goes stale with another member',
      'const at = list.length; await pause(3); list[at] = 1',
      'stale index of list[at], stale index of list[at], none',
    ],
    [
      'that was found goes stale where members move',
      'const at = list.indexOf("b"); await pause(3); list[at] = 1',
      'none, stale index of list[at], none',
    ],
    ['of an element that was there', 'const last = list.length - 1; await pause(3); list[last] = 1', 'none, none, none'],
    ['that is read anew', 'await pause(3); const at = list.length; list[at] = 1', 'none, none, none'],
  ])('%s', async (_, body, expected) => {
    expect(await races(body)).toBe(expected)
  })
})

/** The body writes `x` in one strand and reads it in another; `pause` and `write` are given. */
async function racesOfBody(body: string): Promise<string[]> {
  const source = `
    const pause = async (turns = 0) => { for (let n = 0; n <= turns; n++) await new Promise((resume) => setImmediate(resume)) }
    export async function program() {
      const state = { x: 0 }
      const write = async (turns = 0) => { await pause(turns); state.x = 1 }
      const read = () => String(state.x)
      ${body}
    }`
  const { program } = await evaluate<{ program: () => Promise<void> }>(source, 'edges.mjs')
  return (await racesOf(program, 'all')).map(({ rule, place }) => `${rule} ${place}`)
}

describe('edges of promises and timers', () => {
  const edges = {
    'an await comes after the function': ['await write(1); read()', 'write(1); await pause(3); read()'],
    'a reaction comes after its promise': ['await write(1).then(read)', 'write(1); await pause(3).then(read)'],
    'a failure comes after its promise': [
      'await write(1).then(() => { throw new Error() }).catch(read)',
      'write(1); await pause(3).then(() => { throw new Error() }).catch(read)',
    ],
    'all comes after each element': [
      'await Promise.all([write(3), pause(0), pause(5)]); read()',
      'write(3); await Promise.all([pause(0), pause(6)]); read()',
    ],
    'allSettled comes after each element': [
      'await Promise.allSettled([write(3), pause(5)]); read()',
      'write(3); await Promise.allSettled([pause(6)]); read()',
    ],
    'the winner of a contest comes before it ends': [
      'await Promise.race([write(1), pause(9)]); read()',
      'write(1); await Promise.race([pause(4), pause(9)]); read()',
    ],
    'a promise that is resolved with another comes after that': [
      'const outer = async () => { await pause(0); return write(1) }; await outer(); read()',
      'const outer = async () => { await pause(0); return pause(4) }; write(1); await outer(); read()',
    ],
    'a promise that is resolved with one of before comes after the function': [
      'const old = pause(0); const outer = async () => { await write(1); return old }; await outer(); read()',
      'const old = pause(0); const outer = async () => { await pause(4); return old }; write(1); await outer(); read()',
    ],
    'a thenable comes before the wait is over': [
      'const op = { then(resolve) { write(1).then(resolve) } }; await op; read()',
      'const op = { then(resolve) { pause(4).then(resolve) } }; write(1); await op; read()',
    ],
    'the callback of a timer comes after the code that has set it': [
      'await write(1); await new Promise((done) => setImmediate(() => done(read())))',
      'setImmediate(() => setImmediate(() => { state.x = 1 })); await pause(3); read()',
    ],
    'a call of an interval comes after the one before': [
      'let n = 0; await new Promise((done) => { const timer = setInterval(() => { if (n++ === 0) state.x = 1; else { read(); clearInterval(timer); done() } }, 1) })',
      'setTimeout(() => { state.x = 1 }, 1); await new Promise((done) => setTimeout(done, 5)); read()',
    ],
    'a microtask comes after the code that has queued it': [
      'await write(1); queueMicrotask(read)',
      'queueMicrotask(() => { state.x = 1 }); await pause(1); read()',
    ],
    'a tick comes after the code that has queued it': [
      'await write(1); process.nextTick(read)',
      'process.nextTick(() => { state.x = 1 }); await pause(1); read()',
    ],
    'for await comes after each step': [
      'async function* steps() { await write(1); yield 1 } for await (const _ of steps()) read()',
      'async function* steps() { await pause(4); yield 1 } write(1); for await (const _ of steps()) read()',
    ],
  }
  it.each(Object.entries(edges))('%s', async (_, [ordered, unordered]) => {
    expect(await racesOfBody(ordered)).toEqual([])
    expect(await racesOfBody(unordered)).toEqual(['order state.x'])
  })

  it('code of the host that only settles a promise orders nothing', async () => {
    const body = (last: string) => `
      const { readFile } = await import('node:fs/promises')
      const { setImmediate: turn } = await import('node:timers/promises')
      async function load() { if (state.x === 0) { await readFile('package.json'); await turn(); ${last} } }
      await Promise.all([load(), load()])`
    expect(await racesOfBody(body('state.x = 1'))).toContain('stale state.x')
    expect(await racesOfBody(body('if (state.x === 0) state.x = 1'))).toEqual([])
  })
})

describe('a report', () => {
  it('names both functions, where they were called, and the read that the write goes by', async () => {
    const source = `
const account = { balance: 100 }
const bank = () => new Promise((resume) => setImmediate(resume))
async function withdraw(amount) {
  if (account.balance < amount) return
  await bank()
  account.balance -= amount
}
export async function program() {
  await bank()
  const first = withdraw(80)
  await Promise.all([first, withdraw(80)])
}`
    const { program } = await evaluate<{ program: () => Promise<void> }>(source, 'account.mjs')
    const [race, ...others] = await racesOf(program)
    expect(others).toEqual([])
    expect(race.accesses.map(({ did, goroutine, at }) => `${goroutine} ${did} ${at}`)).toEqual([
      'async withdraw#3 read withdraw (account.mjs:5:7)',
      'async withdraw#2 write withdraw (account.mjs:7:3)',
      'async withdraw#3 write withdraw (account.mjs:7:3)',
    ])
    expect(race.accesses.map(({ startedBy }) => startedBy)).toEqual(Array(3).fill('async program#1'))
    expect(race.accesses[0].startedAt).toMatch(/^(async )?program /)
  })

  it('has the line of the wait between, and the stack of the second access', async () => {
    const source = `
const account = { balance: 100 }
const bank = () => new Promise((resume) => setImmediate(resume))
const put = (value) => { account.balance = value }
async function withdraw() {
  const before = account.balance
  await bank()
  account.balance = before - 1
}
export async function program() { await Promise.all([withdraw(), withdraw()]) }`
    const { program } = await evaluate<{ program: () => Promise<void> }>(source, 'waits.mjs')
    const [{ accesses, wait, message }] = await racesOf(program)
    expect(wait).toBe('withdraw (waits.mjs:7:3)')
    expect(message.split('\n')[2]).toMatch(/^ {2}async withdraw#\d waits in withdraw \(waits.mjs:7:3\)$/)
    expect(accesses[2].stack).toMatch(/at withdraw /)
  })

  it('names the call of a function that is waited for by its site, and by its stack where its name is another', async () => {
    const source = `
const account = { balance: 100 }
const bank = () => new Promise((resume) => setImmediate(resume))
const api = { async withdraw() { const before = account.balance; await bank(); await bank(); account.balance = before - 1 } }
const alias = api.withdraw
async function first() { await api.withdraw() }
async function second() { await alias(await bank()) }
export async function program() { await Promise.all([first(), second()]) }`
    const { program } = await evaluate<{ program: () => Promise<void> }>(source, 'starts.mjs')
    const [race] = await racesOf(program)
    const starts = race.accesses.map(({ startedAt }) => startedAt)
    expect(starts).toContain('first (starts.mjs:6:36)')
    expect(starts).toContainEqual(expect.stringMatching(/^(async )?second \(data:.*:7:\d+\)$/))
  })

  it('names the site of a send that is waited for', async () => {
    const source = `
import { chan, go, sleep } from 'millrace'
export function* program() {
  const ch = chan(1)
  go(function* sender() {
    yield* ch.send(1)
  })
  yield* sleep(1)
  ch.close()
}`
    const engine = new RaceEngine('order')
    const close = engine.open()
    const { program } = await evaluate<{ program: (toolkit: unknown) => Generator<never, void> }>(
      source.replace(/import.*/, '').replace('program()', 'program({ chan, go, sleep })'),
      'sends.mjs',
    )
    try {
      await bubble(() => program(toolkit))
    } finally {
      close()
    }
    const [race] = engine.takeRaces()
    expect(race.accesses[0]).toMatchObject({ did: 'send', at: 'sender (sends.mjs:6:15)', startedAt: 'program (sends.mjs:5:3)' })
  })

  it('is made also after more functions than there are clocks', async () => {
    const source = `
const pause = () => new Promise((resume) => setImmediate(resume))
let x = 0
async function work() { await pause(); const seen = x; await pause(); return seen }
async function add() { const before = x; await pause(); x = before + 1 }
export async function program() {
  for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 400 }, work))
  await Promise.all([add(), add()])
}`
    const { program } = await evaluate<{ program: () => Promise<void> }>(source, 'many.mjs')
    expect((await racesOf(program)).map(({ rule, place }) => `${rule} ${place}`)).toEqual(['stale x'])
  })
})

it('keeps no key that a weak collection holds', async () => {
  const engine = new RaceEngine('order')
  const close = engine.open()
  const cache = new WeakMap()
  const site = addSites([{ file: 'a.js', line: 1, column: 1, fn: 'f', name: 'cache', code: '' }])
  const make = (): object => {
    const key = {}
    cache.set(...hooks.call(cache, 'set', site, 0, null, -1, null, [key, 1] as const))
    return key
  }
  try {
    expect(await survivorsOf(1000, make)).toBeLessThan(few())
  } finally {
    close()
  }
})

it('keeps no object that a function has read and returned, where its caller goes on', async () => {
  const close = new RaceEngine('order').open()
  try {
    const source = `
      const sizes = [], refs = []
      async function take() { const held = { size: 1 }; refs.push(new WeakRef(held)); return held.size }
      export async function main(over) { const size = await take(); await over; sizes.push(size) }
      export { refs }`
    const { main, refs } = await evaluate<{ main(over: Promise<void>): Promise<void>; refs: WeakRef<object>[] }>(source, 'kept.mjs')
    let end = (): void => undefined
    const ended = main(new Promise((resolve) => (end = resolve)))
    await survivorsOf(1, () => ({})) // it collects
    expect(refs.map((ref) => ref.deref())).toEqual([undefined])
    end()
    await ended
  } finally {
    close()
  }
})
