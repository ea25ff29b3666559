/** `threads()` of `millrace/vite`: which modules become files. Its builds run in test/examples/threads-in-a-page and test/consumers. */
import { parse } from 'acorn'
import { threads } from 'millrace/vite'
import { expect, it } from 'vitest'

const call = (code: string) => `import { onThreads } from 'millrace/threads'\n${code}`

/** The modules that the plugin emits for this code. */
function emitted(code: string, command: 'build' | 'serve' = 'build'): string[] {
  const files: string[] = []
  const context = {
    parse: (code: string) => parse(code, { ecmaVersion: 'latest', sourceType: 'module' }),
    emitFile: ({ id }: { id: string }) => files.push(id),
  }
  const plugin = threads() as unknown as {
    config: (config: object, env: { command: string }) => object | null
    transform: (this: typeof context, code: string, id: string) => unknown
  }
  expect(plugin.config({}, { command })).toBe(null)
  expect(plugin.transform.call(context, code, '/app/work.js')).toBe(null)
  return files
}

it.each([
  call(`export const { hash } = onThreads(import.meta, { hash })`),
  call(`export const { hash } = onThreads(\n  import.meta,\n  { hash },\n)`),
  `import { onThreads as remote } from 'millrace/threads'\nexport const { hash } = remote(import.meta, { hash })`,
  `import { 'onThreads' as remote } from 'millrace/threads'\nexport const { hash } = remote(import.meta, { hash })`,
  `import * as threads from 'millrace/threads'\nexport const { hash } = threads.onThreads(import.meta, { hash })`,
])('%j is a file of its own', (code) => {
  expect(emitted(code)).toEqual(['/app/work.js'])
})

it.each([
  call(`// onThreads(import.meta, { hash })\nexport const url = import.meta.url`),
  call(`export const text = 'onThreads(import.meta, { hash })'`),
  `const remote = (meta) => meta\nexport const meta = remote(import.meta)`,
  call(`export const make = (meta) => onThreads(meta, {}), { url } = import.meta`),
])('%j is not', (code) => {
  expect(emitted(code)).toEqual([])
})

it('no module of a development server is', () => {
  expect(emitted(call(`onThreads(import.meta, {})`), 'serve')).toEqual([])
})

it('the servers isolate the page with `isolated`', () => {
  const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
  const plugin = threads({ isolated: true }) as unknown as { config: (config: object, env: object) => object }
  expect(plugin.config({}, { command: 'serve' })).toEqual({ server: { headers }, preview: { headers } })
})
