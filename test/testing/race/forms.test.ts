/**
 * Races in many forms: each kind of place, read and carried and tested in many ways, by two tasks that each write what comes of
 * a read from before a wait. Each is reported, and is silent where the tasks follow each other or share a lock.
 */
import { transform } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { evaluate, installHooks, racesOf } from './instrumented.js'

let stop: () => void
beforeAll(() => {
  stop = installHooks()
})
afterAll(() => {
  stop()
})

interface Kind {
  readonly declared: string
  readonly read: string
  readonly write: (value: string) => string
}

const kinds: Record<string, Kind> = {
  variable: { declared: 'let n = 0', read: 'n', write: (v) => `n = ${v}` },
  property: { declared: 'const o = { n: 0 }', read: 'o.n', write: (v) => `o.n = ${v}` },
  'property of a property': { declared: 'const o = { a: { n: 0 } }', read: 'o.a.n', write: (v) => `o.a.n = ${v}` },
  element: { declared: 'const a = [0]', read: 'a[0]', write: (v) => `a[0] = ${v}` },
  'element by `at`': { declared: 'const a = [0]', read: 'a.at(0)', write: (v) => `a[0] = ${v}` },
  'last element by `at`': { declared: 'const a = [1, 0]', read: 'a.at(-1)', write: (v) => `a[1] = ${v}` },
  'entry of a Map': { declared: 'const m = new Map([["k", 0]])', read: 'm.get("k")', write: (v) => `m.set("k", ${v})` },
  'entry of a WeakMap': {
    declared: 'const key = {}, m = new WeakMap([[key, 0]])',
    read: 'm.get(key)',
    write: (v) => `m.set(key, ${v})`,
  },
  'computed key': { declared: 'const o = {}, key = "total"; o[key] = 0', read: 'o[key]', write: (v) => `o[key] = ${v}` },
  'behind a link': { declared: 'const o = { n: 0 }', read: 'o?.n', write: (v) => `o.n = ${v}` },
  field: { declared: 'class C { n = 0 }; const o = new C()', read: 'o.n', write: (v) => `o.n = ${v}` },
  'private field behind methods': {
    declared: 'class C { #n = 0; get() { return this.#n } set(v) { this.#n = v } }; const o = new C()',
    read: 'o.get()',
    write: (v) => `o.set(${v})`,
  },
  accessor: {
    declared: 'class C { #n = 0; get n() { return this.#n } set n(v) { this.#n = v } }; const o = new C()',
    read: 'o.n',
    write: (v) => `o.n = ${v}`,
  },
  'private field behind a getter': {
    declared: 'class C { #n = 0; get n() { return this.#n } set(v) { this.#n = v } }; const o = new C()',
    read: 'o.n',
    write: (v) => `o.set(${v})`,
  },
  'private field behind a getter that tests': {
    declared: 'class C { #n = 0; get isSet() { return this.#n > 0 } set(v) { this.#n = v } }; const o = new C()',
    read: '(o.isSet ? 1 : 0)',
    write: (v) => `o.set(${v})`,
  },
  'variable behind an accessor': {
    declared: 'let n = 0; const o = { get n() { return n } }',
    read: 'o.n',
    write: (v) => `n = ${v}`,
  },
  'variable behind a function that is called where it stands': { declared: 'let n = 0', read: '(() => n)()', write: (v) => `n = ${v}` },
  'element of a typed array': { declared: 'const a = new Uint32Array(1)', read: 'a[0]', write: (v) => `a[0] = ${v}` },
  'static field': { declared: 'class C { static n = 0 }', read: 'C.n', write: (v) => `C.n = ${v}` },
  'variable behind functions': {
    declared: 'const cell = (() => { let n = 0; return { get: () => n, put: (v) => { n = v } } })()',
    read: 'cell.get()',
    write: (v) => `cell.put(${v})`,
  },
  'methods of a prototype': {
    declared:
      'function C() { this.n = 0 } C.prototype.get = function () { return this.n }; C.prototype.put = function (v) { this.n = v }; const o = new C()',
    read: 'o.get()',
    write: (v) => `o.put(${v})`,
  },
  'store that waits': {
    declared: 'const m = new Map([["k", 0]]), store = { get: async (k) => m.get(k), put: async (k, v) => { m.set(k, v) } }',
    read: '(await store.get("k"))',
    write: (v) => `await store.put("k", ${v})`,
  },
  'Object.assign': { declared: 'const o = { n: 0 }', read: 'o.n', write: (v) => `Object.assign(o, { n: ${v} })` },
  'length of a list': { declared: 'const a = []', read: 'a.length', write: (v) => `a.length = ${v}` },
}

/** How the value that is read comes to the write: statements, and the value. */
const carried: Record<string, (read: string, wait: string) => [statements: string, value: string]> = {
  'a constant': (r, w) => [`const v = ${r}; ${w}`, 'v + 1'],
  'a variable that is assigned': (r, w) => [`let v; v = ${r}; ${w}`, 'v + 1'],
  'the same expression': (r) => ['', `${r} + (await one())`],
  'a template': (r, w) => [`const v = \`\${${r}}\`; ${w}`, 'Number(v) + 1'],
  'an object': (r, w) => [`const h = { v: ${r} }; ${w}`, 'h.v + 1'],
  'a pattern': (r, w) => [`const { v } = { v: ${r} }; ${w}`, 'v + 1'],
  'a pattern of a list': (r, w) => [`const [v] = [${r}]; ${w}`, 'v + 1'],
  'a default of a pattern': (r, w) => [`const { v = ${r} } = {}; ${w}`, 'v + 1'],
  'a condition': (r, w) => [`const v = ${r} > 100 ? 0 : ${r}; ${w}`, 'v + 1'],
  'a function': (r, w) => [`const v = same(${r}); ${w}`, 'same(v) + 1'],
  'a function of the host': (r, w) => [`const v = Math.max(${r}, 0); ${w}`, 'Math.abs(v) + 1'],
  'a closure': (r, w) => [`const v = ${r}, next = () => v + 1; ${w}`, 'next()'],
  'an async function': (r, w) => [`const get = async () => ${r}, v = await get(); ${w}`, 'v + 1'],
  'a parameter': (r, w) => [`const v = await (async (x) => { ${w}; return x + 1 })(${r})`, 'v'],
  'a pattern of a parameter': (r, w) => [`const v = await (async ({ x }) => { ${w}; return x + 1 })({ x: ${r} })`, 'v'],
  'the items of a loop': (r, w) => [`let v; for (const x of [${r}]) v = x; ${w}`, 'v + 1'],
  'the items of a loop that waits': (r, w) => [`let v; for (const x of [${r}]) { ${w}; v = x }`, 'v + 1'],
  reduce: (r, w) => [`const v = [${r}].reduce((s, x) => s + x, 0); ${w}`, 'v + 1'],
  'a reaction': (r, w) => [`const v = await Promise.resolve(${r}).then((x) => x + 1); ${w}`, 'v'],
  'Promise.all': (r) => [`const [v] = await Promise.all([${r}, one()])`, 'v + 1'],
  'a try': (r, w) => [`let v; try { v = ${r}; ${w} } finally { v += 1 }`, 'v'],
  'a copy': (r, w) => [`const c = structuredClone({ v: ${r} }); ${w}`, 'c.v + 1'],
  'a bound function': (r, w) => [`const add = function (x) { return x + 1 }.bind(null, ${r}); ${w}`, 'add()'],
  'what a promise is resolved with': (r) => [`const v = ${r}, c = await new Promise((done) => setImmediate(() => done(v + 1)))`, 'c'],
}

/** How patterns, spreads and loops take `n` out of an object, which comes to them from elsewhere: statements. */
const taken: Record<string, (wait: string, write: (value: string) => string) => string> = {
  'a pattern': (w, write) => `const { n } = o; ${w}; ${write('n + 1')}`,
  'a pattern with a default': (w, write) => `const { n: v = 5 } = o; ${w}; ${write('v + 1')}`,
  'a pattern that assigns': (w, write) => `let v; ({ n: v } = o); ${w}; ${write('v + 1')}`,
  'a pattern in a pattern': (w, write) => `const { o: { n } } = { o }; ${w}; ${write('n + 1')}`,
  'a pattern in a pattern with defaults': (w, write) => `const { o: { n = 1 } = {} } = { o }; ${w}; ${write('n + 1')}`,
  'a pattern in a pattern of a list': (w, write) => `const [, { n }] = [0, o]; ${w}; ${write('n + 1')}`,
  'the rest': (w, write) => `const { other, ...old } = o; ${w}; ${write('old.n + 1')}`,
  'a spread': (w, write) => `const old = { ...o }; ${w}; ${write('old.n + 1')}`,
  'the pattern of a parameter': (w, write) => `await (async ({ n }) => { ${w}; ${write('n + 1')} })(o)`,
  'the pattern of a parameter with a default': (w, write) => `await (async ({ n = 1 } = {}) => { ${w}; ${write('n + 1')} })(o)`,
  'the pattern of a parameter of a function': (w, write) => `async function f({ n }) { ${w}; ${write('n + 1')} } await f(o)`,
  'the pattern of a parameter of a method': (w, write) => `await ({ async f({ n }) { ${w}; ${write('n + 1')} } }).f(o)`,
  'the pattern of a second parameter': (w, write) =>
    `const f = async (by, { n }, times = by) => { ${w}; ${write('n + times')} }; await f(1, o)`,
  'the pattern in the pattern of a parameter': (w, write) => `await (async ({ o: { n } }) => { ${w}; ${write('n + 1')} })({ o })`,
  'the rest in the pattern of a parameter': (w, write) => `await (async ({ other, ...old }) => { ${w}; ${write('old.n + 1')} })(o)`,
  'the pattern of a callback': (w, write) => `await Promise.all([o].map(async ({ n }) => { ${w}; ${write('n + 1')} }))`,
  'the pattern of a callback of entries': (w, write) =>
    `await Promise.all(Object.entries({ o }).map(async ([key, { n }]) => { ${w}; ${write('n + 1')} }))`,
  'the pattern of a reaction': (w, write) => `await Promise.resolve(o).then(async ({ n }) => { ${w}; ${write('n + 1')} })`,
  'the pattern of a parameter, returned': (w, write) => `const next = ({ n }) => n + 1, v = next(o); ${w}; ${write('v')}`,
  'the pattern of a loop': (w, write) => `for (const { n } of [o]) { ${w}; ${write('n + 1')} }`,
  'the pattern of a loop with a default': (w, write) => `for (let { n: v = 1, ...rest } of new Set([o])) { ${w}; ${write('v + 1')} }`,
  'the pattern of a loop over entries': (w, write) => `for (const [, { n }] of new Map([['k', o]])) { ${w}; ${write('n + 1')} }`,
  'the pattern of a loop that assigns': (w, write) => `let v; for ({ n: v } of [o]) { ${w}; ${write('v + 1')} }`,
  'the pattern of a loop that declares with `var`': (w, write) => `for (var { n } of [o]) { ${w}; ${write('n + 1')} }`,
  'the pattern of a loop that waits for its items': (w, write) => `for await (const { n } of [o]) { ${w}; ${write('n + 1')} }`,
  'the pattern of a loop, tested': (w, write) => `for (const { n } of [o]) { ${w}; if (!n) ${write('1')} }`,
  'the pattern of a parameter, tested': (w, write) => `await (async ({ n }) => { if (n) return; ${w}; ${write('1')} })(o)`,
  'the items of a generator': (w, write) => `const all = function* () { yield o.n }; for (const n of all()) { ${w}; ${write('n + 1')} }`,
  'a throw': (w, write) => `try { throw o.n } catch (n) { ${w}; ${write('n + 1')} }`,
  'the pattern of a catch': (w, write) => `try { throw new Error('', { cause: o.n }) } catch ({ cause }) { ${w}; ${write('cause + 1')} }`,
}

/** How a read decides whether the write is done. */
const tested: Record<string, (read: string, wait: string, write: string) => string> = {
  if: (r, w, write) => `if (!${r}) { ${w}; ${write} }`,
  'an early return': (r, w, write) => `if (${r}) return; ${w}; ${write}`,
  while: (r, w, write) => `while (!${r}) { ${w}; ${write} }`,
  continue: (r, w, write) => `for (const _ of [1]) { if (${r}) continue; ${w}; ${write} }`,
  'a throw': (r, w, write) => `try { if (${r}) throw 1; ${w}; ${write} } catch {}`,
  'a logical operator': (r, w, write) => `${r} || await (async () => { ${w}; ${write} })()`,
  'a condition': (r, w, write) => `await (${r} ? null : (async () => { ${w}; ${write} })())`,
  'a catch': (r, w, write) => `try { if (!${r}) throw 1 } catch { ${w}; ${write} }`,
  switch: (r, w, write) => `switch (${r}) { case 0: ${w}; ${write} }`,
  'a loop that polls': (r, w, write) => `while (${r} > 1) await tick(); ${w}; ${write}`,
  'a local': (r, w, write) => `const has = Boolean(${r}); ${w}; if (!has) { ${write} }`,
  'an async function': (r, _, write) => `const missing = async () => !${r}; if (await missing()) { ${write} }`,
  'a reaction': (r, _, write) => `if (!${r}) await one().then(async () => { ${write} })`,
}

const waits = ['await tick()', 'await null', 'await Promise.all([tick(), tick()])', 'for await (const _ of [tick()]);']

interface Program {
  readonly racy: () => Promise<unknown>
  readonly inTurn: () => Promise<unknown>
  readonly locked: () => Promise<unknown>
}

/** The programs of a kind, by how they carry or test. */
function sourceOf({ declared, read, write }: Kind): string {
  const bodies: Body[] = []
  for (const [how, carry] of Object.entries(carried)) {
    const [statements, value] = carry(read, waits[bodies.length % waits.length] ?? '')
    bodies.push([`by ${how}`, `${statements}; ${write(value)}`])
  }
  for (const [how, test] of Object.entries(tested))
    bodies.push([`under ${how}`, test(read, waits[bodies.length % waits.length] ?? '', write('1'))])
  bodies.push(['in a reaction', `await Promise.resolve(${read}).then((x) => tick().then(async () => { ${write('x + 1')} }))`])
  return sourceOfBodies(declared, bodies)
}

type Body = readonly [how: string, statements: string]

function sourceOfBodies(declared: string, bodies: readonly Body[]): string {
  const programs = bodies.map(
    ([how, body]) => `programs[${JSON.stringify(how)}] = (() => {
      ${declared}
      async function task() { ${body} }
      let tail = Promise.resolve()
      return {
        racy: () => Promise.all([task(), task()]),
        inTurn: async () => { await task(); await task() },
        locked: () => Promise.all([1, 2].map(() => (tail = tail.then(task)))),
      }
    })`,
  )
  return `const tick = () => new Promise((resume) => setImmediate(resume)), one = async () => { await tick(); return 1 }, same = (x) => x
    export const programs = {}
    ${programs.join('\n')}`
}

it('patterns, spreads and loops', async () => {
  const bodies = Object.entries(taken).flatMap(([how, take]) =>
    waits.map((wait, i): Body => [`${how}, wait ${i}`, take(wait, (value) => `o.n = ${value}`)]),
  )
  expect(await outcomeOf(sourceOfBodies('const o = { n: 0 }', bodies), 'patterns.mjs')).toEqual({ missed: [], wrong: [] })
})

/** Of these kinds the value comes out of a function of the program, which returns before the value is passed on: they are missed. */
const behindCalls = ['private field behind', 'variable behind functions', 'methods of a prototype', 'store that waits']

it.each(Object.entries(kinds).filter(([name]) => !behindCalls.some((one) => name.startsWith(one))))(
  '%s, read as an argument of a function that waits before it writes',
  async (name, { declared, read, write }) => {
    const bodies = waits.flatMap((wait, i): Body[] => {
      const put = `const put = async (x) => { ${wait}; ${write('x + 1')} }`
      return [
        [`alone, wait ${i}`, `${put}; await put(${read})`],
        [`beside others, wait ${i}`, `${put}; await Promise.all([one(), put(${read})])`],
      ]
    })
    expect(await outcomeOf(sourceOfBodies(declared, bodies), `argument ${name}.mjs`)).toEqual({ missed: [], wrong: [] })
  },
)

it('a place that a spread, a rest or a loop has found has the name of its object', async () => {
  const source = `const o = { n: 0 }, tick = () => new Promise((resume) => setImmediate(resume))
    export const all = [
      async () => { const { ...old } = o; await tick(); o.n = old.n + 1 },
      async () => { const old = { ...o }; await tick(); o.n = old.n + 1 },
      async () => { let n; for (const key in o) n = key; const old = o.n; await tick(); o.n = old + 1 },
    ]`
  const { all } = await evaluate<{ all: (() => Promise<void>)[] }>(source, 'names.mjs')
  for (const program of all)
    expect((await racesOf(() => Promise.all([program(), program()]))).map(({ message }) => message.split(':')[0])).toEqual([
      'stale write of o.n',
    ])
})

it('patterns, spreads and loops that come after the wait', async () => {
  const bodies = Object.entries(taken).map(([how, take]): Body => [how, `await tick(); ${take('', (value) => `o.n = ${value}`)}`])
  const { missed } = await outcomeOf(sourceOfBodies('const o = { n: 0 }', bodies), 'fresh.mjs')
  expect(missed).toEqual(Object.keys(taken))
})

it.each(Object.entries(kinds))('%s', async (name, kind) => {
  expect(await outcomeOf(sourceOf(kind), `${name}.mjs`)).toEqual({ missed: [], wrong: [] })
})

it.each(Object.entries(kinds))('%s, with the names of functions kept by esbuild as tsx does it', async (name, kind) => {
  const { code } = await transform(sourceOf(kind), { keepNames: true })
  expect(code).toContain('/* @__PURE__ */ __name(')
  expect(await outcomeOf(code, `kept ${name}.mjs`)).toEqual({ missed: [], wrong: [] })
})

/** The programs that are missed, and those whose twins are reported. */
async function outcomeOf(source: string, file: string): Promise<{ missed: readonly string[]; wrong: readonly string[] }> {
  const { programs } = await evaluate<{ programs: Record<string, () => Program> }>(source, file)
  const missed: string[] = []
  const wrong: string[] = []
  for (const [how, make] of Object.entries(programs)) {
    if ((await racesOf(make().racy)).length === 0) missed.push(how)
    for (const run of [make().inTurn, make().locked]) if ((await racesOf(run)).length > 0) wrong.push(how)
  }
  return { missed, wrong }
}
