import { expect, it } from 'vitest'
import { placeOf } from '../../src/runtime/diagnostics/start-place.js'

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
