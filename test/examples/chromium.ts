/** A page in headless Chromium, driven over its DevTools protocol. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'

/** $CHROMIUM, or the one on the PATH. */
export const chromium = process.env['CHROMIUM'] ?? onPath('chromium', 'chromium-browser', 'google-chrome')

function onPath(...names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file))
}

export interface Page extends AsyncDisposable {
  /** The value of an expression in the page. */
  evaluate(expression: string): Promise<unknown>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

export async function openPage(path: string, url: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank']
  const browser = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const socket = new WebSocket(await addressOf(browser.stderr))
  await once(socket, 'open')

  let last = 0
  const replies = new Map<number, (message: Message) => void>()
  let loaded = (): void => {}
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message
    if (message.method === 'Page.loadEventFired') loaded()
    if (message.id !== undefined) replies.get(message.id)?.(message)
  })
  async function call(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++last
    const reply = new Promise<Message>((resolve) => replies.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params, sessionId }))
    const { result = {}, error } = await reply
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }

  const { targetId } = await call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = (await call('Target.attachToTarget', { targetId, flatten: true })) as { sessionId: string }
  // An evaluation in a page that leaves for a process of its own, as isolated pages do, has no reply.
  await call('Page.enable', {}, sessionId)
  const isLoaded = new Promise<void>((resolve) => (loaded = resolve))
  await call('Page.navigate', { url }, sessionId)
  await isLoaded
  return {
    async evaluate(expression) {
      const params = { expression, returnByValue: true, awaitPromise: true }
      const { result, exceptionDetails } = await call('Runtime.evaluate', params, sessionId)
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
      return (result as { value?: unknown }).value
    },
    async [Symbol.asyncDispose]() {
      const closed = once(browser, 'close')
      socket.close()
      browser.kill('SIGKILL')
      await closed
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function addressOf(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const [, address] = /^DevTools listening on (ws:.*)$/.exec(line) ?? []
    if (address !== undefined) {
      stderr.resume()
      return address
    }
  }
  throw new Error('Chromium has ended before it listened')
}
