// send and trySend are properties: they may be passed on by themselves.
import { EventEmitter } from 'node:events'
import { some } from 'fp-ts/lib/Option.js'
import { chan, dropping, sliding } from 'millrace'
import { describe, expect, it } from 'vitest'

const channels = { unbuffered: 0, buffered: 3, sliding: sliding<number>(3), dropping: dropping<number>(3) }

describe.each(Object.entries(channels))('of a channel that is %s', (_kind, capacity) => {
  it('send and trySend know their channel', async () => {
    const [ch, other] = [chan<number>(capacity), chan<number>(capacity)]
    const { send, trySend } = ch
    const received = [ch.receive(), ch.receive(), ch.receive()].map((op) => op.then())
    await send(1)
    trySend.call(other, 2)
    new EventEmitter().on('data', trySend).emit('data', 3)
    expect(await Promise.all(received)).toEqual([some(1), some(2), some(3)])
    expect(other.size).toBe(0)
  })

  it('they stay the same functions, and belong to one channel', () => {
    const [ch, other] = [chan<number>(capacity), chan<number>(capacity)]
    expect([ch.send, ch.trySend]).toEqual([ch.send, ch.trySend])
    expect([ch.send === other.send, ch.trySend === other.trySend]).toEqual([false, false])
  })
})
