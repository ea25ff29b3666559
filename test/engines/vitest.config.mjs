// The portable suites on one engine: `--mode bun`, `--mode deno` or `--mode chromium`. Bun and Deno run vitest itself; in Chromium the suites
// run in frames of one page.
import { fileURLToPath } from 'node:url'
import { mergeConfig } from 'vite'
import unit from '../../vitest.config.js'
import { isLeftOut, notPortable, portion } from './portable.mjs'

async function chromium() {
  const { playwright } = await import('@vitest/browser-playwright')
  const launchOptions = { executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--js-flags=--expose-gc'] }
  return {
    enabled: true,
    headless: true,
    screenshotFailures: false,
    api: { host: '127.0.0.1' },
    provider: playwright({ launchOptions }),
    instances: [{ browser: 'chromium' }],
  }
}

/** Vitest wraps each `import()` of a page by a function that the workers of the page do not have. */
const inWorkers = {
  name: 'import() in workers',
  transform(code, id) {
    if (!id.endsWith('/threads/thread/load-module.ts')) return null
    return { code: `globalThis.__vitest_browser_runner__ ??= { wrapDynamicImport: (load) => load() };${code}`, map: null }
  },
}

export default async ({ mode }) => {
  const leftOut = notPortable.filter((entry) => isLeftOut(entry, mode)).flatMap(({ suites }) => suites)
  const config = mergeConfig(unit, {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    cacheDir: fileURLToPath(new URL('node_modules/.vite', import.meta.url)),
    server: {
      fs: { strict: false }, // node_modules may be a link to another place
      // A page shares memory with its threads.
      headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
    },
    optimizeDeps: {
      include: [
        'fast-check',
        'ws',
        'rxjs',
        'rxjs/testing',
        '@sinonjs/fake-timers',
        'fp-ts/lib/Option.js',
        'fp-ts/lib/Either.js',
        'fp-ts/lib/function.js',
      ],
    },
    test: {
      exclude: leftOut,
      provide: { portion, sample: portion },
      maxWorkers: mode === 'chromium' ? 1 : 2,
      testTimeout: 180_000, // on a busy machine
      typecheck: { enabled: false },
      globalSetup: mode === 'chromium' ? ['test/engines/socket-server.ts'] : [],
      browser: mode === 'chromium' ? await chromium() : {},
    },
  })
  config.test.reporters = ['default', 'json']
  config.plugins = [inWorkers] // the engines take the sources from vitest
  Object.assign(config.test, { pool: 'forks', isolate: true, setupFiles: [] })
  return config
}
