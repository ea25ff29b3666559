// Every small form of select over a channel of capacity 1, with its one correct effect.
import { none, some } from 'fp-ts/lib/Option.js'
import { chan, never, select, trySelect, type Chan, type Selectable } from 'millrace'
import { expect, it } from 'vitest'
import { done, performed, waiting } from '../support/outcome.js'
import { seeded } from '../support/seeded.js'
import { settle } from '../support/settle.js'
import { nobody, waitersOf } from '../support/waiters.js'

const idle: Record<string, () => Selectable> = {
  'nil receive': () => (undefined as Chan<number> | undefined)?.receive(),
  'nil send': () => null,
  off: () => false,
  never: () => never(),
  'empty receive': () => chan<number>().receive(),
  'full send': () => chan<number>().send(1),
}

interface Form {
  readonly kind: 'send' | 'receive'
  readonly isReady: boolean
  readonly hasDefault: boolean
  readonly biased: boolean
  /** The names of the cases; the tested case is at `place`. */
  readonly others: readonly string[]
  readonly place: number
}

function* forms(): Generator<Form> {
  const names = Object.keys(idle)
  for (const kind of ['send', 'receive'] as const)
    for (const isReady of [true, false])
      for (const hasDefault of [true, false])
        for (const biased of [true, false])
          for (let set = 0; set < 2 ** names.length; set++) {
            const others = names.filter((_, i) => (set >> i) & 1)
            for (const place of new Set([0, others.length >> 1, others.length])) yield { kind, isReady, hasDefault, biased, others, place }
          }
}

/** The select of a form over its channel, and the evaluated operands in order. */
function made({ kind, others, place }: Form, ch: Chan<number>) {
  const evaluated: string[] = []
  const entries = others.map((name) => [name, idle[name]] as const)
  entries.splice(place, 0, ['main', () => (kind === 'send' ? ch.send(7) : ch.receive())] as const)
  const cases = Object.fromEntries(entries.map(([name, make]) => [name, (evaluated.push(name), make())]))
  expect(evaluated).toEqual(entries.map(([name]) => name))
  return cases
}

async function check(form: Form): Promise<void> {
  const { kind, isReady, hasDefault, biased } = form
  const ch = chan<number>(1)
  if ((kind === 'receive') === isReady) ch.trySend(7)
  const cases = made(form, ch)
  const answer = { case: 'main', value: kind === 'send' ? undefined : some(7) }
  const sizeAfter = kind === 'send' ? 1 : 0 // also when the case was not ready, and the channel is unchanged

  if (hasDefault) {
    expect(trySelect(cases, { biased })).toEqual(isReady ? some(answer) : none)
    expect(ch.size).toBe(sizeAfter)
    return
  }
  const choice = performed(select(cases, { biased }))
  await settle()
  if (!isReady) {
    expect(choice.now).toEqual(waiting)
    if (kind === 'send') ch.tryReceive()
    else ch.trySend(7)
    await settle()
  }
  expect(choice.now).toEqual(done(answer))
  expect(ch.size).toBe(sizeAfter)
  expect(waitersOf(ch)).toEqual(nobody)
}

it('SE-027 each form of select over one channel has the one effect it must have', async () => {
  using _ = seeded(27)
  let count = 0
  for (const form of forms()) {
    try {
      await check(form)
    } catch (error) {
      throw new Error(`in the form ${JSON.stringify(form)}`, { cause: error })
    }
    count++
  }
  expect(count).toBeGreaterThan(1045)
})
