/**
 * Random goroutine bodies of nested try statements and helpers: as source text, so that a failure prints a readable program that can be
 * run; and as a naive interpreter that computes the order of events when the goroutine is canceled.
 */
import fc from 'fast-check'

export type Statement =
  | { readonly does: 'wait' | 'ready' | 'turn' }
  | { readonly does: 'call'; readonly body: Block }
  | { readonly does: 'try'; readonly body: Block; readonly handler: Block | null; readonly cleanup: Block | null }
  | { readonly does: 'return' | 'throw' }
/** `at` is the number of the statement in the program, which the log uses. */
export type Block = readonly (Statement & { at: number })[]

const { block } = fc.letrec<{ statement: Statement; block: Statement[] }>((tie) => {
  const inner = tie('block') as unknown as fc.Arbitrary<Block> // the numbers are assigned later
  const statement: fc.Arbitrary<Statement> = fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 5, arbitrary: fc.record({ does: fc.constantFrom('wait', 'wait', 'wait', 'ready', 'turn') }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('return', 'throw') }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('call'), body: inner }) },
    {
      weight: 6,
      arbitrary: fc.record({ does: fc.constant('try'), body: inner, handler: fc.option(inner), cleanup: fc.option(inner) }),
    },
  )
  return { statement, block: fc.array(tie('statement'), { minLength: 1, maxLength: 3, depthIdentifier: 'nested' }) }
})

export interface Program {
  readonly body: Block
  /** The number of the wait that is canceled, from 0: while it is parked, or between grant and delivery. */
  readonly cancelAt: number
  readonly when: 'parked' | 'granted'
}

export const programs: fc.Arbitrary<Program> = fc
  .record({ statements: block, cancelAt: fc.nat(4), when: fc.constantFrom<Program['when']>('parked', 'granted') })
  .map(({ statements, ...rest }) => {
    let at = 0
    const number = (block: readonly Statement[]): Block => block.map((it) => ({ ...inside(it), at: at++ }))
    const inside = (it: Statement): Statement => {
      if (it.does === 'call') return { ...it, body: number(it.body) }
      if (it.does !== 'try') return it
      const [body, handler] = [number(it.body), it.handler && number(it.handler)]
      return { ...it, body, handler, cleanup: number(it.cleanup ?? (handler === null ? [{ does: 'ready' }] : [])) }
    }
    return { body: number(statements), ...rest }
  })

/** The body as source text; its parameters are `log` and the operations `wait()`, `ready()` and `turn()`. */
export function sourceOf(block: Block): string {
  return block.map(lineOf).join('\n')
}

function lineOf(it: Block[number]): string {
  const { at } = it
  if (it.does === 'return' || it.does === 'throw') return `${it.does} '${it.does} ${at}'`
  if (it.does === 'call') return `log('${at} answers ' + (yield* (function* () {\n${sourceOf(it.body)}\n})()))`
  if (it.does !== 'try') return `log('${at} ${it.does}s'); yield* ${it.does}(); log('${at} goes on')`
  const handler = it.handler === null ? '' : ` catch (e) {\nlog('${at} catches ' + e)\n${sourceOf(it.handler)}\n}`
  const cleanup = it.cleanup === null ? '' : ` finally {\nlog('${at} cleans up')\n${sourceOf(it.cleanup)}\n}`
  return `try {\n${sourceOf(it.body)}\n}${handler}${cleanup}`
}

export const UNWOUND = Symbol('unwound')
/** How a block of code ended: normally, with a return, or with a throw. */
type End = null | { readonly by: 'return' | 'throw'; readonly value: unknown }

/** The expected order of events, and how the goroutine ends. */
export function expected({ body, cancelAt, when }: Program): { log: readonly string[]; end: NonNullable<End> } {
  const log: string[] = []
  const calls: { isUnwound: boolean }[] = []
  let [waits, isDue] = [0, false]

  /** Every call open at this moment only returns: its body does not continue. */
  const unwind = (): End => {
    isDue = false
    for (const call of calls) call.isUnwound = true
    return { by: 'return', value: UNWOUND }
  }

  const perform = (it: Block[number]): End => {
    log.push(`${it.at} ${it.does}s`)
    if (isDue) return unwind()
    if (it.does === 'wait' && waits++ === cancelAt) {
      if (when === 'parked') return unwind()
      isDue = true
    }
    log.push(`${it.at} goes on`)
    return null
  }

  const call = (block: Block): { end: NonNullable<End>; isUnwound: boolean } => {
    const own = { isUnwound: false }
    calls.push(own)
    const end = run(block) ?? { by: 'return', value: undefined }
    calls.pop()
    return { end, isUnwound: own.isUnwound }
  }

  const step = (it: Block[number]): End => {
    if (it.does === 'return' || it.does === 'throw') return { by: it.does, value: `${it.does} ${it.at}` }
    if (it.does === 'call') {
      const { end, isUnwound } = call(it.body)
      if (end.by === 'throw') return end
      if (isUnwound) return { by: 'return', value: UNWOUND } // the caller was cut off, whatever the helper returned
      log.push(`${it.at} answers ${String(end.value)}`)
      return null
    }
    if (it.does !== 'try') return perform(it)
    let end = run(it.body)
    if (end?.by === 'throw' && it.handler !== null) {
      log.push(`${it.at} catches ${String(end.value)}`)
      end = run(it.handler)
    }
    if (it.cleanup === null) return end
    log.push(`${it.at} cleans up`)
    return run(it.cleanup) ?? end
  }

  const run = (block: Block): End => {
    for (const it of block) {
      const end = step(it)
      if (end !== null) return end
    }
    return null
  }

  return { log, end: call(body).end }
}
