/** How vite serves a page of the examples: over the built package, whose entries stand in package.json. */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Alias, InlineConfig } from 'vite'

const repository = new URL('../', import.meta.url)

/** The configuration of vite for the page in the folder `example`, without its server. */
export function servedPage(example: string): InlineConfig {
  return {
    configFile: false,
    root: fileURLToPath(new URL(`${example}/`, import.meta.url)),
    cacheDir: join(tmpdir(), `millrace-${example}-${process.pid}`),
    logLevel: 'warn',
    resolve: { alias: entries() },
    optimizeDeps: { include: ['rxjs'] },
  }
}

function entries(): Alias[] {
  const { exports } = JSON.parse(readFileSync(new URL('package.json', repository), 'utf8')) as {
    exports: Record<string, { default: string }>
  }
  return Object.entries(exports).map(([entry, { default: file }]) => ({
    find: new RegExp(`^millrace${entry.slice(1)}$`),
    replacement: fileURLToPath(new URL(file ?? entry, repository)),
  }))
}
