/** The laws of adapters over streams, files, sockets and processes of Node, in real time. */
import { Readable } from 'node:stream'
import { withCancel, type Receiver } from 'millrace'
import { fromIterable, toReceiver } from 'millrace/operators'
import { laws, type OpenAdapter } from 'millrace/testing'
import { expect, it } from 'vitest'
import { checkAll } from '../support/adapter-row.js'
import { nodeAdapters } from './adapters.js'

checkAll(nodeAdapters)

/** A Readable as programs write it by hand: `read` pushes a chunk that is at hand, and Node asks again, or does not. */
function byHand(chunks: Receiver<Uint8Array>, asText: boolean): Readable {
  const stream = new Readable({
    highWaterMark: 1,
    read() {
      const chunk = chunks.tryReceive()
      if (chunk._tag === 'Right') this.push(chunk.right)
      else void chunks.receive().then((each) => this.push(each._tag === 'Some' ? each.value : null))
    },
  })
  return asText ? stream.setEncoding('utf8') : stream
}

it.each([
  ['empty chunks', false],
  ['characters', true],
])('%s is broken by a Readable that asks for a chunk only where Node asks', async (name, asText) => {
  const open: OpenAdapter<Uint8Array> = (source, outer) => {
    const ctx = withCancel(outer)
    return byHand(toReceiver(fromIterable(source), { capacity: 64, ctx }), asText).once('close', () => ctx.cancel())
  }
  const law = laws.adapter(open, { bound: 70, bytes: true, longest: 1000 }).find((each) => each.name === name)
  await expect(law?.check()).rejects.toThrow('no end within 1000 ms')
})
