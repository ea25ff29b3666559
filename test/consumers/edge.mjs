// An edge host: the globals of the web platform, none of Node, and no timer, fetch or random number while modules are evaluated. A bundle of
// programs/edge.js is evaluated there, and its `main` called.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createContext, runInContext } from 'node:vm'

const expected = '[{"case":"job","value":{"_tag":"Some","value":"job"}},"attempt 2",[[2,4],[6]],"bytes","function"]'

/** Globals that an edge host has and refuses before the first request. */
const refused = ['setTimeout', 'setInterval', 'fetch']
const allowed = [
  ...[
    'AbortController',
    'AbortSignal',
    'DOMException',
    'Event',
    'EventTarget',
    'Headers',
    'MessageEvent',
    'ReadableStream',
    'Request',
    'Response',
  ],
  ...['TextDecoder', 'TextEncoder', 'TransformStream', 'URL', 'WritableStream'],
  ...['clearInterval', 'clearTimeout', 'console', 'performance', 'queueMicrotask', 'structuredClone'],
]

/** @param {{ tools: string, app: string }} where the tools and the packed package are installed */
export function edgeChecks({ tools, app }) {
  return [{ consumer: 'edge host', check: 'evaluated and called', run: async () => callOnEdge(await bundled(tools, app)) }]
}

async function bundled(tools, app) {
  const require = createRequire(join(tools, 'package.json'))
  const { build } = (await import(pathToFileURL(require.resolve('esbuild')).href)).default
  const { outputFiles } = await build({
    entryPoints: [join(app, 'edge.js')],
    bundle: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    format: 'iife',
    write: false,
    logLevel: 'silent',
  })
  return outputFiles[0].text
}

async function callOnEdge(code) {
  let isServing = false
  const guarded = (name) =>
    function (...args) {
      if (!isServing) throw new Error(`${name} before the first request`)
      return globalThis[name](...args)
    }
  const globals = Object.fromEntries([...allowed.map((name) => [name, globalThis[name]]), ...refused.map((name) => [name, guarded(name)])])
  const host = createContext(globals)
  runInContext(
    'Math.random = ((random) => () => refuseRandom() || random())(Math.random)',
    Object.assign(host, { refuseRandom: () => checkServing() }),
  )
  function checkServing() {
    if (!isServing) throw new Error('Math.random before the first request')
  }
  runInContext(code, host)
  isServing = true
  const printed = await host.main()
  if (printed !== expected) throw new Error(`the program returns\n${printed}\ninstead of\n${expected}`)
}
