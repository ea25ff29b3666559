/** Real threads for the tests: in Node the sources of the package need a compiler in each thread, whatever its version. */
import type { ThreadHost } from '../../src/adapters/threads/hosts/host.js'
import { NodeHost, type Entry } from '../../src/adapters/threads/hosts/node-host.js'
import { tsxProgram } from '../../src/adapters/threads/hosts/entry-program.js'
import { isWeb, WebHost } from '../../src/adapters/threads/hosts/web-host.js'
import type { Boot } from '../../src/adapters/threads/wire/batch.js'

const entryOf = (boot: Boot): Entry =>
  boot.entry.startsWith('file:') ? { file: tsxProgram(boot), isText: true } : { file: new URL(boot.entry), isText: false }

export const inPage = isWeb()

export function makeHost(): ThreadHost {
  if (inPage) return new WebHost()
  return 'Bun' in globalThis ? new NodeHost() : new NodeHost(entryOf)
}
