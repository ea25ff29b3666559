/** What the hooks are told: which reads and writes, where, and which reads a write goes by. */
import { SourceMap } from 'node:module'
import vm from 'node:vm'
import { expect, it, vi } from 'vitest'
import { accessFlags, dependences, instrument, type Hooks, type Site } from '../../src/instrument/index.js'
import { Tree } from '../../src/instrument/tree.js'
import { makeHooks } from './hooks.mjs'
import { hooks, key, runInstrumented } from './run.js'

const seen: Record<string, [body: string, hooks: string]> = {
  'a variable that another function uses and that is assigned again': [
    'let n = 0; const k = 1, f = () => n + k; n = f(); n += k; n++; return n',
    'read n, write n, read n, write n, read n, write n, read n',
  ],
  'no variable of one function, or assigned once': ['let n = 0; n++; const k = 1, f = () => k; return f() + n', ''],
  'properties, elements and delete': [
    'const o = { a: 1 }, i = "a"; o.a = o[i]; o.a += 1; o[i]++; delete o.a; o["b"] = 1; return o.a',
    'read o[i], write o.a, read o.a, write o.a, write o[i], delete o.a, write o["b"], read o.a',
  ],
  'destructuring, spread and iteration': [
    'const o = { a: [1] }; const { a, b = 2 } = o, [c] = a; for (const x of a); for (const k in o); ({ ...o }); return [...a]',
    'read o.a, read o.b, iterate a, read a[0], iterate a, iterate ...o, iterate ...o, iterate a',
  ],
  'each step of a loop that waits': ['const list = [1, 2]; for (const x of list) await x', 'iterate list, iterate list, iterate list'],
  'methods of collections, and of other objects': [
    'const m = new Map(); m.set(1, 2); m.get(1); m.delete(1); const o = { f() { return this } }; o.f(); o?.f()',
    'write m.set(), read m.get(), write m.delete(), read o.f, read o?.f',
  ],
  'patterns and loops that assign': [
    'let a; const o = {}, f = () => a; [a, o.x] = [1, 2]; for (a of [3]); return',
    'iterate [1, 2], write a, write o.x, iterate [3], write a',
  ],
  'private fields, and nothing of a constructor': [
    'class A { #n = 1; constructor() { this.m = this.#n } inc() { return this.#n++ } } new A().inc()',
    'read new A().inc, write this.#n',
  ],
}

for (const [name, [body, expected]] of Object.entries(seen))
  it(`sees ${name}`, async () => {
    const { hooks: heard } = await runInstrumented(body)
    expect(heard.join(', ')).toBe(expected)
  })

/** The writes of a source with the reads that each goes by: `write ← data, (control)`. Each write in a function goes by the tests before its call. */
function goesBy(source: string, withTestsOfCaller = false): string[] {
  const { code, sites } = instrument(source, 'a.js', { isScript: true, hooks })
  const nameOf = (site: number) => sites[site]?.[3] ?? '?'
  return [...code.matchAll(/\$race\.(?:write\w*|call|update|passes)\(/g)].flatMap(({ index }) => {
    const text = code.slice(index).replace(/(\.call\(.*?)\$race\..*/s, '$1') // the reads of a call stand before its parameters
    const [, dependence = ''] = /(?:,|\(|&&)\[((?:\$race[af]\d+,(?:\$race0\+\d+|-1),\d,?)+)\]/.exec(text) ?? []
    const own = /\$race0\+(\d+)/.exec(text)?.[1]
    const reads = [...dependence.matchAll(/(\$race0\+(\d+)|-1),(\d)/g)].map(([, , site, how]) => {
      const name = site === undefined ? 'passed' : nameOf(Number(site))
      return how === String(dependences.control) ? `(${name})` : how === String(dependences.index) ? `[${name}]` : name
    })
    if (!withTestsOfCaller && reads.at(-1) === '(passed)') reads.pop()
    return reads.length === 0 ? [] : [`${nameOf(Number(own))} ← ${reads.join(', ')}`]
  })
}

it.each([
  ['by its own old value', 'async function f(o) { o.n += await g() }', ['o.n ← o.n']],
  ['by a local', 'async function f(o) { const old = o.n; const next = old + 1; await g(); o.n = next }', ['o.n ← o.n']],
  ['under a test', 'async function f(o) { if (o.n > 1) { await g(); o.n = 0 } }', ['o.n ← (o.n)']],
  ['after the exit of a test', 'async function f(o) { if (!o.n) return; await g(); o.n = 0 }', ['o.n ← (o.n)']],
  [
    'under a logical operator',
    'async function f(m) { m.has(1) || (await g(), m.set(1, 2)) }',
    ['m.set() ← (has), (m.has())', 'set ← (has), (m.has())'],
  ],
  ['through a closure', 'function f(o) { const old = o.n; setTimeout(() => { o.n = old + 1 }) }', ['o.n ← o.n']],
  ['by a key of a pattern', 'async function f(o) { const { n, m } = o; await g(); o.n = n + 1 }', ['o.n ← o.n']],
  ['by a key with another name and a default', 'async function f(o) { const { n: old = 1 } = o; await g(); o.n = old }', ['o.n ← o.n']],
  ['by a key of an assignment', 'async function f(o) { let n; ({ n } = o); await g(); o.n = n + 1 }', ['o.n ← o.n']],
  ['by what stands in a key', 'async function f(o) { const { n: { a } } = o; await g(); o.n = { a } }', ['o.n ← o.n']],
  ['by a key beside the rest', 'async function f(o) { const { n, ...rest } = o; await g(); o.n = n + 1 }', ['o.n ← o.n']],
  ['under a test of a key', 'async function f(o) { const { n } = o; if (n > 1) { await g(); o.n = 0 } }', ['o.n ← (o.n)']],
  ['by a default of a pattern', 'async function f(o) { const { n = o.m } = p; await g(); o.m = n }', ['o.m ← o.m']],
  ['by the variable that a pattern takes apart', 'let s; async function f() { const { n } = s; await g(); s = { n: n + 1 } }', ['s ← s']],
  ['by what its caller has passed', 'async function f(o, n) { await g(); o.n = n }', ['o.n ← passed']],
  ['by a key of a parameter', 'async function f(o, { n }) { await g(); o.n = n }', ['o.n ← n, passed']],
  ['by a key in a key of a parameter', 'const f = async (o, [{ a: { n } = {} }]) => { await g(); o.n = n }', ['o.n ← n, passed']],
  ['by a key of an item', 'async function f(o) { for (const { n } of [o]) { await g(); o.n = n } }', ['o.n ← n, passed']],
  ['under a test of a key of an item', 'async function f(o, l) { for (const { n } of l) { await g(); if (!n) o.n = 1 } }', ['o.n ← (n)']],
  ['by a key in a key', 'async function f(o) { const { a: { n } } = o; await g(); o.a.n = n }', ['o.a.n ← o.a.n']],
  ['by an element of a pattern', 'async function f(l) { const [, n = 1] = l; await g(); l[1] = n }', ['l[1] ← l[1], passed']],
  ['by a default of a pattern of a list', 'async function f(o) { const [n = o.n] = []; await g(); o.n = n }', ['o.n ← o.n']],
  ['by all properties', 'async function f(o) { const old = { ...o }; await g(); o.n = old.n }', ['o.n ← old.n, ...o, passed']],
  ['by the rest of the properties', 'async function f(o) { const { a, ...old } = o; await g(); o.n = old.n }', ['o.n ← old.n, ...o']],
  ['by what is thrown', 'async function f(o) { try { throw o.n } catch (n) { await g(); o.n = n } }', ['o.n ← o.n']],
  ['by what was passed and by its own read', 'const f = (o, n) => { o.n = { ...o.n, n } }', ['o.n ← o.n, passed']],
  [
    'by the result of a function of the program',
    'const read = (o) => o.n; async function f(o) { const old = read(o); await g(); o.n = old }',
    ['o.n ← read'],
  ],
  ['by an index', 'async function f(l) { const i = l.length; await g(); l[i] = 1 }', ['l[i] ← [l.length]']],
  ['by an index that was looked for', 'async function f(l) { const i = l.indexOf(1); await g(); l[i] = 1 }', ['l[i] ← [l.indexOf()]']],
  [
    'in the function that is called with an older value',
    'const put = (o, n) => { o.n = n }; async function f(o) { const old = o.n; await g(); put(o, old + 1) }',
    ['o.n ← passed', 'put ← o.n'],
  ],
  ['by the items of a loop', 'async function f(o) { for (const n of o.list) { await g(); o.list = [n] } }', ['o.list ← o.list']],
  [
    'by what a function of the file makes of a local',
    'async function f(o) { const old = o.n, next = () => old + 1; await g(); o.n = next() }',
    ['o.n ← next, o.n'],
  ],
  [
    'by what a promise is resolved with',
    'async function f(o) { const old = o.n; o.n = await new Promise((resolve) => { later(() => resolve(old + 1)) }) }',
    ['o.n ← o.n'],
  ],
  ['under a case', 'async function f(o) { switch (o.n) { case 0: await g(); o.n = 1 } }', ['o.n ← (o.n)']],
  ['under a test, in a function that is called there', 'function f(o) { o.n || (async () => { await g(); o.n = 1 })() }', ['o.n ← (o.n)']],
  ['under a test, when a promise has settled', 'function f(o) { if (!o.n) g().then(() => { o.n = 1 }) }', ['o.n ← (o.n)']],
  [
    'by the length of the list',
    'async function f(l) { if (l.length < 3) { await g(); l.push(1) } }',
    ['l.push() ← (l.length)', 'push ← (l.length)'],
  ],
  [
    'by its parameters alone where the first of them is bound',
    'function f(o) { g(o.n).then(function (m, n) { o.n = m }.bind(null, 1)) }',
    ['o.n ← passed'],
  ],
])('a write goes %s', (_, source, expected) => {
  expect(goesBy(source)).toEqual(expected)
})

/** What may stand around a function where its value is used. */
const around: Record<string, (text: string) => string> = {
  'in parentheses': (text) => `((${text}))`,
  'whose names esbuild has kept': (text) => `__name(${text}, "kept")`,
  'whose names a second bundle has kept': (text) => `__name2(${text}, "kept")`,
  'that are bound': (text) => `(${text}).bind(this)`,
}

const functions: Record<string, (wrap: (text: string) => string) => [source: string, expected: string[]]> = {
  'of constants': (wrap) => [
    `const o = { n: 0 }, put = ${wrap('(n) => { o.n = n }')}, get = ${wrap('() => o.n')}
    async function f() { const old = get(); await g(); put(old) }`,
    ['o.n ← passed', 'put ← get'],
  ],
  'of locals': (wrap) => [
    `async function f(o) { const old = o.n, next = ${wrap('() => old + 1')}; await g(); o.n = next() }`,
    ['o.n ← next, o.n'],
  ],
  'of properties': (wrap) => [`const o = { n: 0, put: ${wrap('(n) => { o.n = n }')} }`, ['o.n ← passed']],
  'of fields': (wrap) => [`class A { n = 0; put = ${wrap('(n) => { this.n = n }')} }`, ['this.n ← passed']],
  'that react': (wrap) => [`function f(o) { g(o.n).then(${wrap('(n) => { o.n = n }')}) }`, ['o.n ← o.n, passed']],
  'that resolve a promise': (wrap) => [
    `async function f(o) { const old = o.n; o.n = await new Promise(${wrap('(resolve) => { later(() => resolve(old + 1)) }')}) }`,
    ['o.n ← o.n'],
  ],
  'that are called where they stand': (wrap) => [
    `function f(o) { o.n || ${wrap('async function act() { await g(); o.n = 1 }')}() }`,
    ['o.n ← (o.n)'],
  ],
}

it.each(Object.keys(around).flatMap((how) => Object.keys(functions).map((which) => [how, which] as const)))(
  'functions %s are functions %s',
  (how, which) => {
    const [source, expected] = functions[which]?.(around[how] ?? String) ?? []
    expect(goesBy(source ?? '')).toEqual(expected)
  },
)

it.each([
  ['another place', 'async function f(o) { if (o.m) { await g(); o.n = 0 } }'],
  ['another key of a pattern', 'async function f(o) { const { m } = o; await g(); o.n = m }'],
  ['what a helper reads', 'async function f(o) { const old = () => o.n; await g(); o.n = 1 }'],
  ['an index of another list', 'async function f(l, m) { const i = m.length; await g(); l[i] = 1 }'],
  ['an index that is an element', 'async function f(l) { const i = l[0]; await g(); l[i] = 1 }'],
  ['the result of a function of the host', 'async function f(o) { const old = Math.max(o.m, 1); await g(); o.n = old }'],
  ['a test whose branch goes on', 'async function f(o) { if (o.n) log(); await g(); o.n = 1 }'],
])('a write does not go by %s', (_, source) => {
  expect(goesBy(source)).toEqual([])
})

it.each([
  [
    'in the function that is called',
    'const put = (o) => { o.n = 1 }; async function f(o) { if (!o.n) { await g(); put(o) } }',
    ['o.n ← (passed)', 'put ← (o.n)'],
  ],
  [
    'that a function of the program has answered',
    'async function f(c) { if (!(await c.has(1))) c.put(1) }; const c = { has: async () => m.has(1), put(k) { m.set(k, 1) } }, m = new Map()',
    ['put ← (has), (c.has())', 'm.set() ← passed, (passed)'],
  ],
  ['where it looks again', 'const put = (o) => { if (!o.n) o.n = 1 }', ['o.n ← (o.n), (passed)']],
  ['where it goes on', 'const put = (o) => g().then(() => { o.n = 1 })', ['o.n ← (passed)']],
  ['and not in a function that runs at another time', 'const put = (o) => { later(() => { o.n = 1 }) }', []],
  [
    'and not without a wait between',
    'const put = (o) => { o.n = 1 }; async function f(o) { await g(); if (!o.n) put(o) }',
    ['o.n ← (passed)'],
  ],
])('a write goes by the tests before the call %s', (_, source, expected) => {
  expect(goesBy(source, true).filter((one) => !one.includes('has() ←'))).toEqual(expected)
})

it('a test is a guard, except before a throw; updates and loops have their flags', () => {
  const flags: [string, number][] = []
  let table: readonly Site[] = []
  const telling: Hooks = {
    ...makeHooks(),
    module: (_, sites) => ((table = sites), 0),
    read: (object, _, site, flag) => (flags.push([`read ${table[site]?.[0]}`, flag]), object),
    update: (_, __, ___, site, flag) => void flags.push([`update ${table[site]?.[0]}`, flag]),
    writeVariable: (_, site, flag, value) => (flags.push([`write ${table[site]?.[0]}`, flag]), value),
  }
  const source = `const o = { n: 0 };
    if (o.n);
    if (o.n) throw o
    o.n ? 1 : 2
    while (o.n);
    o.n ?? 1
    o.n++
    if (--o.n);
    for (let i = 0; i < 1; i++, o.n++);
    let x, f = () => x; for (x of [1]);`
  const { code } = instrument(source, 'a.js', { isScript: true, hooks })
  vm.runInNewContext(code, { [Symbol.for(key)]: telling })
  const { guard, update, tested, loop } = accessFlags
  expect(flags).toEqual([
    ['read 2', guard],
    ['read 3', 0],
    ['read 4', guard],
    ['read 5', guard],
    ['read 6', guard],
    ['update 7', update],
    ['update 8', update | tested],
    ['update 9', update],
    ['write 10', loop],
  ])
})

it.each([
  ['tests', (i: number) => `if (o.n === ${i}) n = ${i}; else`, 'n = -1'],
  ['waits', (i: number) => `if (o.n === ${i}) return; await null; n += o.m`, ''],
])('a function with many %s looks at each use of a variable once', (_, line, end) => {
  const steps = (count: number): number => {
    const looks = vi.spyOn(Tree.prototype, 'parentOf')
    const lines = Array.from({ length: count }, (__, i) => line(i))
    instrument(`let n = 0; async function f(o) { ${lines.join('\n')} ${end} }`, 'a.js', { isScript: true, hooks })
    const { length } = looks.mock.calls
    looks.mockRestore()
    return length
  }
  expect(steps(80) / steps(40)).toBeLessThan(4.5) // each write goes by the tests before it
})

it('maps every line and column of the result to the source', () => {
  const source = `let total = 0\nexport const add = async (o, k) => {\n  if (o.list[k] > total) throw new Error('no')\n  total = total + (await o.items.get(k)).value\n}\n`
  const { code, map } = instrument(source, 'a.js', { hooks })
  const sourceMap = new SourceMap({ ...map, file: 'a.js', sourceRoot: '', sourcesContent: [source] })
  const lines = code.split('\n')
  const written = source.split('\n')
  for (const [word, line] of [
    ['throw', 3],
    ['Error', 3],
    ['items', 4],
    ['value', 4],
    ['total)', 3],
  ] as const) {
    const at = lines[line - 1]?.lastIndexOf(word) ?? -1
    expect(at).toBeGreaterThan(0)
    const entry = sourceMap.findEntry(line - 1, at)
    expect(entry).toMatchObject({ originalLine: line - 1, originalColumn: written[line - 1]?.lastIndexOf(word) })
  }
})
