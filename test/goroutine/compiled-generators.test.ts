// Generators that TypeScript compiles to ES5, and generators of another realm.
import { chan, go, gosched } from 'millrace'
import { createContext, runInContext } from 'node:vm'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { performed, thrown } from '../support/outcome.js'
import { settle } from '../support/settle.js'

type Waiting = (name: string, inner: Iterable<unknown>, log: string[]) => Generator<never, unknown>

const source = `function* waiting(name, inner, log) {
  try {
    log.push(name + ' has ' + (yield* inner))
  } catch (error) {
    log.push('catch of ' + name)
  } finally {
    log.push(name + ' begins')
    yield* pause()
    yield* pause()
    log.push(name + ' ends')
  }
  return name
}`
const compiled = ts.transpileModule(source, {
  compilerOptions: { target: ts.ScriptTarget.ES5, downlevelIteration: true, ignoreDeprecations: '5.0' },
}).outputText

/** Evaluates the text as a module of its own: a chain may have generators of several, each with helpers of its own. */
function evaluated(text: string): Waiting {
  const module = new Function('pause', `${text}\nreturn waiting`) as (pause: typeof gosched) => Waiting // eslint-disable-line @typescript-eslint/no-implied-eval -- a text of this file
  return module(gosched)
}

const realm = createContext({ pause: gosched }) as { waiting: Waiting }
runInContext(source, realm)

const make: Record<string, () => Waiting> = {
  native: () => evaluated(source),
  compiled: () => evaluated(compiled),
  foreign: () => realm.waiting,
}

it('is compiled', () => expect(compiled).not.toContain('function*'))

describe.each([
  ['compiled', 'compiled', 'compiled'],
  ['compiled', 'compiled', 'native'],
  ['compiled', 'native', 'native'],
  ['foreign', 'foreign', 'foreign'],
  ['foreign', 'native', 'native'],
  ['foreign', 'foreign', 'native'],
  ['compiled', 'foreign', 'foreign'],
])('%s over %s over %s', (...kinds) => {
  it('waits, and results in its value', async () => {
    const ch = chan<number>()
    const log: string[] = []
    const join = performed(go(chain, kinds, ch.receive().map(() => 'value'), log).join()) // prettier-ignore
    await settle()
    ch.trySend(1)
    await settle()
    expect(log[0]).toBe('innermost has value')
    expect(log.at(-1)).toBe('outermost ends')
    expect(join.now).toMatchObject({ is: 'done', value: 'outermost' })
  })

  it('is unwound innermost first, waits included', async () => {
    const log: string[] = []
    const goroutine = go(chain, kinds, chan<never>().receive(), log)
    const join = performed(goroutine.join())
    await settle()
    goroutine.cancel()
    await settle()
    expect(log).toEqual(['innermost', 'inner', 'outermost'].flatMap((name) => [`${name} begins`, `${name} ends`]))
    expect(join.now).toEqual(thrown(expect.objectContaining({ name: 'CanceledError' })))
  })
})

function chain(kinds: readonly string[], op: Iterable<unknown>, log: string[]): Generator<never, unknown> {
  const [outermost, inner, innermost] = kinds.map((kind) => make[kind]())
  return outermost('outermost', inner('inner', innermost('innermost', op, log), log), log)
}
