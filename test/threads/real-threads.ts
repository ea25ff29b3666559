/** Real threads for the tests: in Node the sources of the package need a compiler in each thread, whatever its version. */
import { NodeHost, type Entry } from '../../src/adapters/threads/hosts/node-host.js'
import { tsxProgram } from '../../src/adapters/threads/hosts/entry-program.js'
import type { Boot } from '../../src/adapters/threads/wire/batch.js'

const entryOf = (boot: Boot): Entry =>
  boot.entry.startsWith('file:') ? { file: tsxProgram(boot), isText: true } : { file: new URL(boot.entry), isText: false }

export const makeHost = (): NodeHost => ('Bun' in globalThis ? new NodeHost() : new NodeHost(entryOf))
