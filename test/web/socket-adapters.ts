/** A WebSocket to a server that sends each message back, as `laws.adapter` judges it: with the socket of the engine, or that of `ws`. */
import { withCancel } from 'millrace'
import { webSocket, type WebSocketLike } from 'millrace/web'
import type { OpenAdapter } from 'millrace/testing'
import { row, type AdapterTable } from '../support/adapter-row.js'

type Create = (url: string) => WebSocketLike

export function socketAdapters(url: string, create?: Create): AdapterTable {
  return { webSocket: row<string>(['webSocket'], throughSocket(url, create), options) }
}

let open = 0

const options = {
  bound: Infinity, // the server reads ahead
  item: String,
  resources: () => open,
  except: { failure: 'a message is a copy', 'early failure': 'a message is a copy' },
}

/** A socket has no half-closed state, so the end is a message. */
const END = 'end'

const throughSocket = (url: string, create?: Create): OpenAdapter<string> =>
  async function* (source, outer) {
    const ctx = withCancel(outer)
    await using peer = webSocket(url, { capacity: 1000, policy: 'error', ctx, ...(create && { create }) })
    open++
    const sending = sendAll(source, (text) => peer.outgoing.send(text).within(ctx))
    sending.catch(() => {}) // the messages end with the peer
    try {
      for await (const message of peer.messages) {
        if (message === END) return
        yield message as string // as sent
      }
    } finally {
      ctx.cancel()
      open--
    }
  }

async function sendAll(source: AsyncIterable<string>, send: (text: string) => PromiseLike<void>): Promise<void> {
  for await (const item of source) {
    await send(item)
    await new Promise((resolve) => setTimeout(resolve))
  }
  await send(END)
}
