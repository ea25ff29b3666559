/** What instrumented code computes, where the text of a program makes it hard. */
import { describe, expect, it } from 'vitest'
import { instrument } from '../../src/instrument/index.js'
import { hooks, runInstrumented, runPlain } from './run.js'

const programs: Record<string, string> = {
  'declarations of objects and fields': `
    const key = 'k', symbol = Symbol('s'), o = { a: 1, 'b c': [2], 3: { d: {} }, key, [key]: 4, get g() { return this.a }, f() {}, ...{ s: 5 }, __proto__: { p: 6 } }
    let list = [1, 2], made = new Map([[1, o.a]]), plain = new Map
    const grow = () => { list = [...list, 3]; made = new (class Made { size = list.length })() }
    grow()
    class Base { a = 1; b
      c = () => this.a
      'd e' = { x: [] }; static s = new Set([1]); static t; #p = 2; [key] = 3; get = 4; static
      v; async; f = function () {}; k = class {}
      constructor() { this.own = []; this.#p += this.a; this['g'] = () => this.own.length; this.h = () => {} }
      p() { return this.#p } }
    class Inner extends Base { a = super.p(); z = this.a + 1 }
    const it = new Inner()
    return [Object.keys(o), o.p, o.g, list, made.size, Object.keys(it), it.p(), it.c(), it.z, it.c.name, it.f.name, it.k.name, it.h.name, Base.s.size, Object.keys(Base), symbol]`,
  'calls whose result is written later, and calls that pass an older value': `
    const o = { n: 1, read(a = 0, ...rest) { return this.n + a + rest.length }, put(n) { o.n = this === o ? n : -1 }, f: null }, list = [1, 2]
    const table = { get: async (k) => (t('get', k), o[k]), set: async (k, v) => { t('set', v); o[k] = v } }
    function* inner(a) { yield t('inner', a); return t('first', 1), o.n + a }
    function* outer() { const old = yield* inner(2); yield; o.n = old; return o.n }
    async function all(p) {
      const a = o.read(), b = o.read(...list), c = p?.read?.(1)?.toFixed(), d = (0, o.read)?.call(o, t('d', 3))
      const e = await table.get('n'), g = (await table.get(await 'n')) + 1
      await t('wait', 0)
      o.n = a + b + d + e + g + Number(c)
      o.put(a); o.put(o.n + await a); await table.set('n', a + e); await table.set(...['n', g]); o.f?.(t('skipped', a))
      o['put']((t('sequence', 1), a)); (o.put)(e); (() => o.put(a))()
      return [a, b, c, d, e, g, o.n]
    }
    const it = outer()
    return [await all(o), await all(null), it.next().value, it.next().value, it.next().value, o.n, await all({ read: o.read, n: 4 })]`,
  'a hook at the start of a line does not call the line before': `
    let n = 1, f = () => n
    const g = () => { n = 2; f = () => n }
    const list = [n]
    g()
    const before = n
    n
    ;[n] = [5]
    t('n', n)
    const o = { a: n }
    o
    f()
    ++n
    o.a
    return [before, n, o.a, f()]`,
  'a constructor behind a property': `
    const ns = { inner: { Thing: class { constructor(x) { this.x = x } static of(x) { return new ns.inner.Thing(x) } } } }
    const key = 'inner'
    return [new ns.inner.Thing(1).x, new ns.inner.Thing(2), new (ns.inner).Thing(3).x, new ns[key].Thing(4).x, ns.inner.Thing.of(5), new ns.inner.Thing]`,
  'tagged templates keep their this': `
    const o = { name: 'o', tag(parts, ...values) { return this.name + parts.raw.join('|') + values }, inner: { tag() { return Object.keys(this).length } } }
    let x = 1
    const change = () => { x++ }
    change()
    return [o.tag\`a\${x}b\`, o.inner.tag\`\`, o['tag']\`c\`]`,
  'default parameters see no variable of the body': `
    function f(a, b = () => a, c = a++) { a = a + 1; return [a, b(), c, (() => a)()] }
    const g = (a, b = () => { a = 9 }) => (b(), a)
    const h = async (o, p = o.x, { q } = o, [r] = o.list) => { await 0; return [p, q, r, o.x] }
    return [f(1), g(1), await h({ x: 1, q: 2, list: [3] })]`,
  'arrow bodies': `
    let n = 0
    const inc = () => n++, obj = () => ({ n }), nested = () => () => () => (n = n + 1), comma = () => (n++, n)
    const waits = async () => await inc(), chain = () => [1].map((x) => x + n).filter((x) => x > n)
    inc()
    return [obj(), nested()()(), comma(), await waits(), chain(), n]`,
  'functions are named after what they are assigned to': `
    let a, b, c, d, e, x = null
    const touch = () => { a = b = c = d = e = x = null }
    touch()
    a = () => {}; b = function () {}; c = class {}; d = (() => {}); e ??= async () => {}; x ||= function* () {}
    const o = {}
    o.f = () => {}; o['g'] = function () {}
    const { h = () => {} } = {}
    return [a.name, b.name, c.name, d.name, e.name, x.name, o.f.name, o.g.name, h.name, (() => {}).name, function inner() {}.name, ({ m: () => {} }).m.name]`,
  'optional chains stop where they stopped': `
    const none = undefined, o = { a: { b: () => ({ c: 1 }), get: (k) => k, list: [1] }, n: null }
    let calls = 0
    const k = () => (calls++, 'a')
    const call = () => { calls = calls }
    call()
    return [none?.a.b.c, none?.a.b(calls++), none?.[k()], o?.a.b().c, o.n?.get(k()), o.a?.get(1), o?.[k()].get(2), o.a.get?.(3), o.a.nothing?.(calls++), o?.a?.list?.[0],
      delete o?.a.list, delete none?.x, (o?.a).get(4), calls]`,
  'assignments evaluate in order': `
    const o = { get p() { t('get p'); return 1 }, set p(v) { t('set p', v) } }
    const of = (name) => (t(name), o), key = (k) => ({ toString() { t('key ' + k); return k } })
    of('a').p = t('v', 1)
    of('b')[key('p')] = t('v', 2)
    of('c').p += t('v', 3)
    of('d')[key('p')] += t('v', 4)
    of('e').p &&= t('v', 5)
    of('f')[key('p')] ??= t('v', 6)
    of('g').p++; --of('h')[key('p')]
    return [of('i').p--, o[key('p')]++, delete of('j').q, delete of('k')[key('q')]]`,
  'functions without a name that are objects or keys stay without one': `
    const o = {}, text = Function.prototype.toString
    Function.prototype.toString = function () { return '[' + this.name + ']' }
    try { o[() => 1]++; o[(function () {})] ??= 1; o[class {}] += 1; delete o[() => 2]; (() => 3).x ??= 4; (() => 5).x++; return o }
    finally { Function.prototype.toString = text }`,
  'errors of missing objects are the same, and come at the same time': `
    const none = null, errors = []
    const v = () => t('evaluated', 1)
    for (const f of [() => none.x, () => none[v()], () => none.x(v()), () => none.get(v()), () => (none.x = v()), () => (none[v()] = v()), () => (none.x += v()),
      () => none.x++, () => delete none.x, () => none.x.y.z, () => none.x\`\`, () => { tdz; let tdz = 1; (() => tdz = 2)() }])
      try { f() } catch (error) { errors.push(error) }
    return errors`,
  'iterations over what is missing fail, though V8 words them by the text of the source': `
    const none = null, errors = []
    for (const f of [() => { const { x } = none }, () => { const [x] = none }, () => { for (const x of none); }, () => [...none], () => ({ ...none }), () => { for (const x in none); }])
      try { errors.push(f()) } catch (error) { errors.push(error.name) }
    return errors`,
  'patterns that assign': `
    let a, b, c, rest
    const o = { x: 1, list: [1, 2, 3] }, set = () => { a = b = c = rest = 0 }
    set()
    const same = ([a, o.x, ...rest] = [7, 8, 9, 10])
    ;({ x: b, [t('k', 'y')]: c = t('default', 5), ...o.rest } = { x: 6, z: 1 })
    ;[o.list[0], o.list[1]] = [o.list[1], o.list[0]]
    for ([a, b] of [[1, 2], [3, 4]]) t('pair', [a, b])
    for (o.x of [1, 2]); for (c in { k: 1, l: 2 }) t('c', c); for ({ length: a } of ['abc']);
    return [a, b, c, rest, o, same]`,
  'closures of loops have variables of their own': `
    const fs = []
    for (let i = 0; i < 3; i++) { let j = i; fs.push(() => [i, j++, j]) }
    for (const x of [1, 2]) { let y = x; fs.push(() => (y += x)) }
    for (var v = 0, last; v < 2; v++) fs.push(() => (last = v))
    switch (1) { case 1: let z = 1; fs.push(() => z++) }
    try { throw 1 } catch (e) { fs.push(() => (e = e + 1)) }
    return fs.map((f) => [f(), f()])`,
  'fields, private names, accessors, static blocks': `
    let made = 0
    class A { #n = made++; list = [made, () => made++]; static total = made; static { this.total += made; A.more = 1 }
      get n() { return this.#n } set n(v) { this.#n = v } inc() { return [this.#n++, ++this.#n, (this.#n += 2), (this.#n ??= 1)] } static has(o) { return #n in o } }
    class B extends A { constructor() { super(); this.b = super.inc(); const f = () => this.b; this.c = f().length } [made + 'x'] = this.b; inc() { return super.inc().concat(super.n) } }
    const b = new B()
    b.n = b.n + 1; b.n += 1
    return [b.inc(), b, A.total, A.more, A.has(b), A.has({}), B.total]`,
  'generators and their waits': `
    function* inner() { try { const got = yield 1; t('got', got); yield (yield), yield* [4, 5] } finally { yield 'f' } }
    const o = { *g(x) { this.n = x; this.n += yield this.n; return yield* inner() } }
    const it = o.g(1), seen = [it.next(), it.next(2), it.next(3), it.next(4), it.next(5), it.next(6), it.return(9), it.next(), it.next()]
    async function* ag() { for await (const x of [1, Promise.resolve(2)]) { yield x * 2 } yield* [7] }
    const list = []
    for await (const x of ag()) list.push(x)
    return [seen, list, o.n]`,
  'collections and lookalikes': `
    const m = new Map([[1, 'a']]), s = new Set([1]), a = [3, 1, 2], own = { get: (x) => x, set(x) { return this === own && x }, push: 1, map: new Map() }
    m.set(2, await 'b'); s.add(2).add(3).delete(1); a.push(4, ...s); a.sort((x, y) => x - y); own.map.set('k', m.get(2)).set(own.get(1), own.set(2))
    const out = []
    for (const [k, v] of m) { out.push(k); await 0; if (k < 5) m.set(k + 4, v) }
    for (const x of a) { await x; if (a.length < 8) a.push(x) }
    return [m, s, a, own.map, out, a.map((x) => x * 2).filter(Boolean).join('-'), 'text'.includes('x'), [1, 2].indexOf(2), a.splice(1, 2), m.has(2), a.length = 2, a, m.delete(1, 2), m.get()]`,
  'failures of waits': `
    const o = { n: 0 }, fails = async () => { throw new Error('no') }
    try { o.n++; await fails() } catch ({ message }) { o.message = message } finally { o.n += 10 }
    try { await fails() } catch { o.second = true }
    label: for (const x of [1, 2]) { try { await x; continue label } finally { o.n++ } }
    return await fails().catch((error) => [error.message, o])`,
  'statements without braces': `
    let n = 0, x
    const read = () => n + x
    for (x of [1, 2]) if (x > 1) n = n + x; else n += 10
    for (x in { a: 1 }) n++
    do n--
    while (n > 5)
    if (n) [x] = [n]; else x = 0
    while (n > 3) n -= 1
    a: b: n = n * 2
    return [n, x, read(), typeof n, void n, !n, -n, n ? x : n]`,
  'keywords that touch': `
    let v = 'k', o = { k: 1, a: [{ b: 'k' }] }
    const set = () => { v = 'k'; o = o }
    set()
    return[typeof(o).k, typeof(o.a)[0].b, void(o).k,(v)in(o), o.a[0].b in o, v instanceof(Object), [...(o).a].length, (o.k)in[0,1]]`,
}

const sloppy: Record<string, string> = {
  'sloppy code stays sloppy': `
    const frozen = Object.freeze({ x: 1, list: [1] })
    frozen.x = 2; frozen['x'] = 3; frozen.x += 1; frozen.x++; delete frozen.x
    let n = 1
    const touch = () => { n++ }
    touch()
    function f(a) { a = 2; arguments[0]++; (() => a++)(); return [a, arguments[0], this === undefined] }
    return [frozen, f(1), delete n, n, (function () { return typeof this })()]`,
  'with and eval': `
    let n = 1
    const touch = () => { n++ }
    const o = { n: 5, m: { k: 1 } }
    with (o) { n = n + 1; m.k++; touch(); (() => n++)() }
    eval('n = n + 10; var declared = n')
    return [n, o, declared]`,
}

describe('an instrumented program ends as the plain one does', () => {
  for (const [name, body] of Object.entries(programs))
    it(name, async () => {
      const plain = await runPlain(body)
      expect(plain.log.at(-1)).toMatch(/^returns=/)
      expect((await runInstrumented(body)).log).toEqual(plain.log)
      expect((await runInstrumented(body, true, true)).log).toEqual(plain.log)
      expect((await runInstrumented(body, false)).log).toEqual((await runPlain(body, false)).log)
    })
  for (const [name, body] of Object.entries(sloppy))
    it(name, async () => {
      const plain = await runPlain(body, false)
      expect(plain.log.at(-1)).toMatch(/^returns=/)
      expect((await runInstrumented(body, false)).log).toEqual(plain.log)
      expect((await runInstrumented(body, false, true)).log).toEqual(plain.log)
    })
})

describe('the text', () => {
  const options = { hooks }

  it('keeps every line where it is', () => {
    for (const body of Object.values(programs)) {
      const { code } = instrument(`async () => {${body}}`, 'a.js', options)
      expect(code.split('\n').length).toBe(`async () => {${body}}`.split('\n').length)
    }
  })

  it('keeps directives and hashbangs first', () => {
    expect(instrument('#!/usr/bin/env node\nlet x = a.b', 'a.js', options).code).toMatch(/^#!\/usr\/bin\/env node\n;import/)
    expect(instrument("'use strict'\nx()", 'a.js', { hooks, isScript: true }).code).toMatch(/^'use strict';var \$race=/)
    expect(instrument("const f = async () => { 'use strict'\n await 1 }", 'a.js', options).code).toContain("{ 'use strict';let $racef")
  })

  it('takes names that the source has not', () => {
    const { code } = instrument('const $race = 1, $race1_ = 2, o = f(); export const x = () => o.x', 'a.js', options)
    expect(code).toContain('as $race2_}')
  })

  it('leaves the text of functions without hooks as it is', async () => {
    const body = 'function f(a, b) { return a + b }\nreturn [f.toString(), String(Math.max)]'
    expect((await runInstrumented(body)).log).toEqual((await runPlain(body)).log)
  })

  it('reports a syntax error with its position', () => {
    expect(() => instrument('let x = ', 'a.js', options)).toThrow(/Unexpected token \(1:8\)/)
  })
})
