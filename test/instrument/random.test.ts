/** Random programs: instrumented they log the same, in the same order, and end the same way. */
import fc from 'fast-check'
import '../support/portion.js'
import { expect, inject, it } from 'vitest'
import { runInstrumented, runPlain } from './run.js'

const variables = ['a', 'b', 'c', 'd']
const keys = ['x', 'y', 'n']

const patterns = [
  'const { x: v }',
  'let { n: v = t("d", 1), ...w }',
  'var { x: v, x: a }',
  'const [, { n: v, list: [w] = [] } = o]',
  '{ n: o.x, x: c = t("d", 2) }',
  '[d, { x: b } = {}]',
  'const { [t("k", "n")]: v, x: { y: w } = {} }',
]

const parameters = [
  '{ x: p }',
  '{ x: p, n: q = t("d", 1) }, r = q',
  '{ x: p } = o, q, { n: r = 2, ...s } = box(),',
  'p, [{ x: q }, [r] = list, ...s], u = () => r',
  '{ list: [p, q = p] = [], n: { x: r } = o }, s = r, u = class {}',
  'p = t("d", 2), { x: q, [p]: r }, { y: s } = { y: q }',
  '{ x: p, ...q }, ...[r]',
  '[p, { n: q } = o] = list',
]

/** A function that is called where it stands: what its parameters get, and its name, length and first default. */
function calledWith(kind: string, given: string, args: readonly string[]): string {
  const values = ['p', 'q', 'r', 's', 'u'].map((name) => `typeof ${name} === "undefined" ? "none" : ${name}?.name ?? ${name}`)
  const result = `[${values.join(', ')}]`
  const [asynchronous = ''] = /^async /.exec(kind) ?? []
  const isArrow = kind.endsWith('=>')
  const fn = isArrow ? `${asynchronous}(${given}) => ${result}` : `${kind}(${given}) { return ${result} }`
  const call = `((f) => (t("f", f), f(${args.join(', ')})))(${fn})`
  return kind === 'function*' ? `(${call}).next().value` : asynchronous === '' ? call : `(await ${call})`
}

/** Each expression logs when it is evaluated; objects have getters, and keys that log when they are converted. */
const { expression } = fc.letrec<{ expression: string; target: string; member: string; key: string; pattern: string }>((tie) => ({
  key: fc.oneof(
    fc.constantFrom(...keys.map((key) => `"${key}"`)),
    fc.constantFrom(...variables),
    fc.constantFrom('loud("x")', 't("k", "y")', '1', '(0, "n")'),
    tie('expression'),
  ),
  member: fc.oneof(
    fc.tuple(tie('expression'), fc.constantFrom(...keys)).map(([object, key]) => `(${object}).${key}`),
    fc.tuple(fc.constantFrom(...variables, 'o', 'this', 'box()'), fc.constantFrom(...keys)).map(([object, key]) => `${object}.${key}`),
    fc.tuple(fc.constantFrom(...variables, 'o', 'list', 'map'), tie('key')).map(([object, key]) => `${object}[${key}]`),
    fc.tuple(fc.constantFrom('o', 'list', 'none'), fc.constantFrom(...keys), tie('key')).map(([o, a, b]) => `${o}?.${a}[${b}]`),
  ),
  target: fc.oneof(fc.constantFrom(...variables), tie('member')).map((target) => target.replaceAll('?.', '.')),
  pattern: fc.oneof(
    fc.tuple(tie('target'), tie('target'), tie('expression')).map(([a, b, value]) => `[${a}, ${b} = 1, ...c] = [${value}, , 2]`),
    fc.tuple(tie('target'), tie('key'), tie('target')).map(([a, key, b]) => `{ x: ${a}, [${key}]: ${b}, ...d } = o`),
  ),
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...variables, 'o', 'this', '1', '"x"', 'none', 'list', 'map', '2n'),
    tie('member'),
    tie('expression').map((value) => `t("e", ${value})`),
    fc
      .tuple(tie('target'), fc.constantFrom('=', '+=', '??=', '||=', '&&=', '-='), tie('expression'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(tie('target'), fc.constantFrom('++', '--'), fc.boolean())
      .map(([a, op, isPrefix]) => (isPrefix ? `(${op}${a})` : `(${a}${op})`)),
    fc
      .tuple(tie('expression'), fc.constantFrom('+', '<', '??', '&&', 'in', '*'), tie('expression'))
      .map(([a, op, b]) => `((${a}) ${op} (${b}))`),
    fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a}, ${b})`),
    tie('member').map((member) => `(delete ${member})`),
    tie('member').map((member) => `typeof ${member}`),
    tie('pattern').map((pattern) => `(${pattern})`),
    fc
      .tuple(
        fc.constantFrom('map.get', 'map.set', 'list.push', 'list.includes', 'o.get', 'map?.has', 'o.f', 'box().list.slice', 'none?.get'),
        tie('expression'),
        tie('expression'),
      )
      .map(([f, a, b]) => `${f}(${a}, ${b})`),
    tie('expression').map((value) => `(await ${value})`),
    tie('expression').map((value) => `(() => ${value.replace(/^\{/, '({')})`),
    fc
      .tuple(
        fc.constantFrom('=>', 'async =>', 'function', 'async function', 'function*'),
        fc.constantFrom(...parameters),
        fc.array(fc.oneof(fc.constantFrom('undefined', 'o', 'box()', 'list', 'map', '{}', '[[1], o]'), tie('expression')), {
          maxLength: 3,
        }),
      )
      .map(([kind, given, args]) => calledWith(kind, given, args)),
    tie('expression').map((value) => `[...list, ${value}]`),
    tie('expression').map((value) => `({ a, x: ${value}, ...o })`),
  ),
}))

const statement = fc.letrec<{ statement: string; block: string }>((tie) => ({
  block: fc.array(tie('statement'), { maxLength: 3 }).map((statements) => `{\n${statements.join('\n')}\n}`),
  statement: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    expression.map((value) => `t("s", ${value})`),
    expression.map((value) => (/^[{]/.test(value) ? `(${value})` : value)),
    fc.tuple(expression, tie('block'), tie('block')).map(([test, a, b]) => `if (${test}) ${a} else ${b}`),
    fc
      .tuple(
        fc.constantFrom('const v', 'let v', 'var v', 'a', 'o.x', '[b]', '{ x: c }', ...patterns),
        fc.constantFrom('[...list]', '[...map]', '[1, 2]', '[[1], o]', '[o, box()]', '[...map.values()]', '[[0, o]]', 'await [o]', '[v]'),
        tie('block'),
      )
      .map(([left, list, body]) => `for (${left} of ${list}) ${body}`),
    fc.tuple(expression, tie('block')).map(([value, body]) => `for (const v of await [${value}]) ${body}`),
    fc.tuple(tie('block'), tie('block'), tie('block')).map(([a, b, c]) => `try ${a} catch (e) { t("caught", e); ${b} } finally ${c}`),
    fc.tuple(tie('block'), expression).map(([body, value]) => `for await (const v of [${value}, 2]) ${body}`),
    fc
      .tuple(expression, tie('block'))
      .map(([value, body]) => `{ let a = ${value.replace(/\ba\b/g, 'b')}; const f = () => a++; ${body}; f() }`),
    expression.map((value) => `switch (${value}) { case 1: b = 1\ncase "x": t("case", b); break\ndefault: c }`),
  ),
})).statement

const declarations = `
  let a = 1, b = { x: 1, n: 0 }, c = [1, 2, 3], d = 'x', depth = 0
  Function.prototype.toString = function () { return 'the text of ' + this.name }
  const none = undefined, list = [1, 2, 3], map = new Map([[1, 'x']])
  const loud = (key) => ({ toString() { t('key', key); return key } })
  const o = { get n() { t('get n'); return depth }, set n(v) { t('set n', v); depth++ }, x: 1, get(k) { return t('get', k) }, f(...given) { a = given[0]; return this === o } }
  const box = () => t('box', { x: 1, n: 2, list: [1] })
  const v = o
  const touch = () => { a = b = c = d = 1 }
`

it('a random program ends the same, and logs the same on the way', async () => {
  let passes = 0
  let hooked = 0
  const runs = Math.ceil(1000 * (inject('sample') ?? 1))
  await fc.assert(
    fc.asyncProperty(fc.array(statement, { minLength: 1, maxLength: 6 }), fc.boolean(), async (statements, isStrict) => {
      const body = `return await (async function () {${declarations}\n${statements.join('\n')}\nreturn [a, b, c, d, list, map, depth] }).call({ x: 1, y: 2, n: 3 })`
      const plain = await outcomeOf(() => runPlain(body, isStrict))
      const instrumented = await outcomeOf(() => runInstrumented(body, isStrict))
      expect(instrumented.log).toEqual(plain.log)
      if (plain.log.at(-1)?.startsWith('returns') === true) passes++
      hooked += instrumented.hooks
    }),
    { numRuns: runs, seed: Number(process.env['SEED'] ?? 1) }, // every run tries the same programs
  )
  expect(passes).toBeGreaterThan(runs / 10) // the programs do something before they fail
  expect(hooked).toBeGreaterThan(runs * 5)
})

/** A program that the parser refuses is refused both ways; messages of V8 that quote the source may quote a hook. */
async function outcomeOf(run: () => ReturnType<typeof runPlain>): Promise<{ log: readonly string[]; hooks: number }> {
  try {
    const { log, hooks } = await run()
    return {
      log: log.map((line) => quiet(line)),
      hooks: hooks.length,
    }
  } catch (error) {
    return { log: [`refused: ${(error as Error).name}`], hooks: 0 } // thrown by the parser
  }
}

function quiet(line: string): string {
  return line.replace(/(TypeError|RangeError): .*/s, '$1')
}
