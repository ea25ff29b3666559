/** A terminal and a launcher both deliver one Ctrl-C. Tested in this process, since a test has no terminal. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { SignalError, watchSignals } from '../../src/adapters/node/signals.js'

const terminal = vi.hoisted(() => ({ isThere: true }))
vi.mock('node:tty', () => ({ isatty: () => terminal.isThere }))

let received: SignalError[]
let exits: unknown[]
const listeners = { SIGINT: process.listeners('SIGINT'), SIGTERM: process.listeners('SIGTERM') }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  received = []
  exits = []
  vi.spyOn(process, 'exit').mockImplementation((status) => void exits.push(status) as never)
  watchSignals(
    (error) => received.push(error),
    () => received.length > 0,
  )
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    for (const listener of process.listeners(signal)) if (!listeners[signal].includes(listener)) process.off(signal, listener)
})

/** Sends the signals in turn; a number is the pause in ms before the next. */
function send(...events: (NodeJS.Signals | number)[]): void {
  for (const event of events)
    if (typeof event === 'number') vi.advanceTimersByTime(event)
    else process.emit(event, event)
}

it('at a terminal two SIGINTs in short succession are one', () => {
  terminal.isThere = true
  send('SIGINT', 5, 'SIGINT')
  expect(received).toEqual([new SignalError('SIGINT')])
  expect(exits).toEqual([])
})

it('at a terminal a later SIGINT is the second', () => {
  terminal.isThere = true
  send('SIGINT', 5, 'SIGINT', 200, 'SIGINT')
  expect(exits).toEqual([130])
})

it('at a terminal a SIGTERM is never an echo', () => {
  terminal.isThere = true
  send('SIGINT', 5, 'SIGTERM')
  expect(exits).toEqual([143])
})

it('without a terminal two SIGINTs are two', () => {
  terminal.isThere = false
  send('SIGINT', 5, 'SIGINT')
  expect(exits).toEqual([130])
})

it('a SignalError names its signal', () => {
  terminal.isThere = false
  send('SIGTERM')
  expect(received[0]).toMatchObject({ name: 'SignalError', message: 'SIGTERM received', signal: 'SIGTERM' })
})
