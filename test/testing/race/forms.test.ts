/**
 * Races in many forms: each kind of place, read and carried and tested in many ways, by two tasks that each write what comes of
 * a read from before a wait. Each is reported, and is silent where the tasks follow each other or share a lock.
 */
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
  const bodies: [string, string][] = []
  for (const [how, carry] of Object.entries(carried)) {
    const [statements, value] = carry(read, waits[bodies.length % waits.length] ?? '')
    bodies.push([`by ${how}`, `${statements}; ${write(value)}`])
  }
  for (const [how, test] of Object.entries(tested))
    bodies.push([`under ${how}`, test(read, waits[bodies.length % waits.length] ?? '', write('1'))])
  bodies.push(['in a reaction', `await Promise.resolve(${read}).then((x) => tick().then(async () => { ${write('x + 1')} }))`])
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

it.each(Object.entries(kinds))('%s', async (name, kind) => {
  const { programs } = await evaluate<{ programs: Record<string, () => Program> }>(sourceOf(kind), `${name}.mjs`)
  const missed: string[] = []
  const wrong: string[] = []
  for (const [how, make] of Object.entries(programs)) {
    if ((await racesOf(make().racy)).length === 0) missed.push(how)
    for (const run of [make().inTurn, make().locked]) if ((await racesOf(run)).length > 0) wrong.push(how)
  }
  expect({ missed, wrong }).toEqual({ missed: [], wrong: [] })
})
