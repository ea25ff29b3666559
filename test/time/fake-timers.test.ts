// Fake timers that a test turns on after the import: the package keeps the timers of the host.
import { go, onCrash, sleep } from 'millrace'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { settle } from '../support/settle.js'

const { setImmediate: hostImmediate } = globalThis

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('a sleep takes real time, and ends although no test advances the fake timers', async () => {
  const began = performance.timeOrigin
  await sleep(2)
  await go(function* () {
    yield* sleep(2)
  }).join()
  expect(performance.timeOrigin).toBe(began)
})

it('a sleep that begins under fake timers ends after they are off, and so do later sleeps', async () => {
  const slept = go(function* () {
    yield* sleep(2)
  })
  vi.useRealTimers()
  await Promise.all([slept.join(), sleep(5)])
})

it('a crash reaches its hook', async () => {
  const crashes: unknown[] = []
  const off = onCrash((error) => crashes.push(error))
  go(() => {
    throw new Error('boom')
  })
  vi.useRealTimers()
  await settle()
  off()
  expect(crashes).toEqual([new Error('boom')])
})

it.skipIf('reportError' in globalThis)('a crash without a hook is an uncaught exception', async () => {
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const uncaught = new Promise((resolve) => void process.once('uncaughtException', resolve))
  go(() => {
    throw new Error('boom')
  })
  expect(await uncaught).toEqual(new Error('boom'))
  for (const listener of listeners) process.on('uncaughtException', listener)
  expect(hostImmediate).not.toBe(setImmediate)
})
