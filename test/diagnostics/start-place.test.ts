import { expect, it } from 'vitest'
import { captureStack, placeOf } from '../../src/runtime/diagnostics/start-place.js'
import { hostTurn } from '../support/settle.js'

const stackOf = (...frames: string[]) => ({ stack: ['Error', ...frames.map((frame) => `    at ${frame}`)].join('\n') })
const go = 'go (/app/src/runtime/goroutine/goroutine.ts:30:10)'
const bubble = 'bubble (/app/src/testing/bubble/bubble.ts:80:5)'

it.each([
  ['Node', 'AsyncLocalStorage.run (node:async_hooks:346:14)'],
  ['Deno', 'AsyncLocalStorage.run (ext:deno_node/async_hooks.ts:1:1700)'],
])('the place of a start is in the program, and not in a module of %s', (_, host) => {
  expect(placeOf(stackOf(go, host, bubble, host, 'main (/app/main.ts:12:3)'))).toBe('main (/app/main.ts:12:3)')
  expect(placeOf(stackOf(go, host, '/app/main.ts:12:3'))).toBe('/app/main.ts:12:3')
  expect(placeOf(stackOf(go, host))).toBeNull()
})

const { Bun } = globalThis as { Bun?: { gc(isSync: boolean): void } }

function collect(): void {
  Bun?.gc(true)
  globalThis.gc?.()
}

function capturedByCodeThatIsGone(): ReturnType<typeof captureStack> {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- code that can be collected
  const capturing = new Function('capture', 'const stack = capture(4); return stack') as (
    capture: typeof captureStack,
  ) => ReturnType<typeof captureStack>
  return capturing(captureStack)
}

it('the hook that maps places to the sources makes the text of a stack, also after the code of the stack was collected', async () => {
  const { prepareStackTrace } = Error
  Error.prepareStackTrace = (_, frames) => `mapped: ${frames.length > 0}`
  try {
    const stacks = Array.from({ length: 50 }, capturedByCodeThatIsGone)
    for (let i = 0; i < 3; i++) {
      await hostTurn()
      collect()
    }
    expect(new Set(stacks.map(({ stack }) => stack))).toEqual(new Set(['mapped: true']))
  } finally {
    Error.prepareStackTrace = prepareStackTrace
  }
})
