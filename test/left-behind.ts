/** After each suite that shares its process with others: the process is as it was before. */
import { afterAll, expect } from 'vitest'
import { isAlone } from './alone.js'

function stateOfProcess(): Record<string, unknown> {
  const { setTimeout, clearTimeout, setInterval, setImmediate, queueMicrotask, Date, Promise, performance } = globalThis
  const listeners = process.eventNames().map((event) => [`listeners of ${String(event)}`, process.listenerCount(event)])
  return {
    ...{ setTimeout, clearTimeout, setInterval, setImmediate, queueMicrotask, Date, Promise, performance },
    ...{ now: Date.now, random: Math.random, log: console.log, warn: console.warn, error: console.error },
    ...{ prepareStackTrace: Error.prepareStackTrace, stackTraceLimit: Error.stackTraceLimit },
    ...(Object.fromEntries(listeners) as Record<string, number>), // by name
  }
}

const { testPath = '' } = expect.getState()
if (!isAlone(testPath)) {
  const before = stateOfProcess()
  afterAll(() => {
    const after = stateOfProcess()
    const changed = Object.keys({ ...before, ...after }).filter((name) => before[name] !== after[name])
    expect(changed, 'left behind in a process that other suites share: undo it, or see test/alone.ts').toEqual([])
  })
}
