/** Serves the page through vite, cross-origin isolated, so that it shares memory with its threads. `npm run image-filter` prints its address. */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer, type Alias } from 'vite'

const vite = await viteServer()
await vite.listen()
console.log(vite.resolvedUrls?.local[0])

async function viteServer() {
  const root = new URL('../../', import.meta.url)
  const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { exports: Record<string, { default: string }> }
  const alias = Object.entries(exports).map(([entry, { default: file }]): Alias => ({
    find: new RegExp(`^millrace${entry.slice(1)}$`),
    replacement: fileURLToPath(new URL(file ?? entry, root)),
  }))
  return createServer({
    configFile: false,
    root: fileURLToPath(new URL('.', import.meta.url)),
    cacheDir: join(tmpdir(), `millrace-image-filter-${process.pid}`),
    logLevel: 'warn',
    resolve: { alias },
    optimizeDeps: { include: ['rxjs'] },
    server: {
      host: '127.0.0.1',
      port: Number(process.argv[2] ?? 0),
      headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
      hmr: false,
      ws: false,
      watch: null,
      fs: { strict: false },
    },
  })
}
