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
  readonly params?: { readonly loaderId?: string; readonly name?: string }
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

const options = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-breakpad',
  '--remote-debugging-port=0',
]

export async function openPage(path: string, url: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
  const args = [...options, `--user-data-dir=${profile}`, 'about:blank']
  const browser = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  // The browser has a process group of its own, so that its processes end with it: one that lives keeps its log open, and `close` waits.
  const kill = (): unknown => browser.pid !== undefined && process.kill(-browser.pid, 'SIGKILL')
  process.once('exit', kill)
  const tools = new Tools(await addressOf(browser.stderr))
  browser.stderr.resume() // a browser whose log nobody reads stops
  await tools.open()

  const { targetId } = await tools.call('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = (await tools.call('Target.attachToTarget', { targetId, flatten: true })) as { sessionId: string }
  await tools.call('Page.enable', {}, sessionId)
  await tools.call('Inspector.enable', {}, sessionId)
  await tools.call('Page.setLifecycleEventsEnabled', { enabled: true }, sessionId)
  const { loaderId } = await tools.call('Page.navigate', { url }, sessionId)
  await tools.loaded(loaderId as string)
  return {
    async evaluate(expression) {
      const params = { expression, returnByValue: true, awaitPromise: true }
      const { result, exceptionDetails } = await tools.call('Runtime.evaluate', params, sessionId)
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
      return (result as { value?: unknown }).value
    },
    async [Symbol.asyncDispose]() {
      const closed = once(browser, 'close')
      tools.close()
      process.off('exit', kill)
      kill()
      await closed
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The connection to the browser. What the end of the connection or of the page leaves without a reply fails. */
class Tools {
  private readonly _socket: WebSocket
  private readonly _replies = new Map<number, (message: Message) => void>()
  private readonly _loads = new Set<string>()
  private _failure: string | null = null
  private _onLoad = (): void => {}
  private _last = 0

  constructor(address: string) {
    this._socket = new WebSocket(address)
    this._socket.on('message', (data: Buffer) => this._arrived(JSON.parse(data.toString()) as Message))
    this._socket.on('close', () => this._fail('the connection to Chromium has ended'))
  }

  async open(): Promise<void> {
    await once(this._socket, 'open')
  }

  close(): void {
    this._socket.close()
  }

  private _arrived(message: Message): void {
    const { id, method, params } = message
    if (id !== undefined) {
      this._replies.get(id)?.(message)
      this._replies.delete(id)
    } else if (method === 'Page.lifecycleEvent' && params?.name === 'load') {
      this._loads.add(String(params.loaderId))
      this._onLoad()
    } else if (method === 'Inspector.targetCrashed') this._fail('the page has crashed')
  }

  private _fail(message: string): void {
    this._failure = message
    this._onLoad()
    for (const reply of this._replies.values()) reply({ error: { message } })
    this._replies.clear()
  }

  async call(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = ++this._last
    const reply = new Promise<Message>((resolve) => this._replies.set(id, resolve))
    this._socket.send(JSON.stringify({ id, method, params, sessionId }))
    const { result = {}, error } = await reply
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result
  }

  /**
   * Waits until a navigation has loaded its page: that of its loader, since the blank page before it loads too. An isolated page
   * is loaded in a process of its own, and an evaluation that is in flight at the change has no reply.
   */
  async loaded(loaderId: string): Promise<void> {
    while (!this._loads.has(loaderId)) {
      if (this._failure !== null) throw new Error(this._failure)
      await new Promise<void>((resolve) => (this._onLoad = resolve))
    }
  }
}

async function addressOf(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const [, address] = /^DevTools listening on (ws:.*)$/.exec(line) ?? []
    if (address !== undefined) return address
  }
  throw new Error('Chromium has ended before it listened')
}
