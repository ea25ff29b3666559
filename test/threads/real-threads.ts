/** Real threads for the tests: the sources of the package need a compiler in each thread, whatever the version of Node. */
import { NodeHost } from '../../src/adapters/threads/hosts/node-host.js'
import { tsxProgram } from '../../src/adapters/threads/hosts/entry-program.js'

export const makeHost = (): NodeHost =>
  new NodeHost((boot) =>
    boot.entry.startsWith('file:') ? { file: tsxProgram(boot), isText: true } : { file: new URL(boot.entry), isText: false },
  )
