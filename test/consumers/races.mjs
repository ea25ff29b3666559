// Vitest with `race()` of millrace/vite, in a project that has the packed package and the plugin's peers.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faultsOf } from './programs/races/expected.mjs'

const peers = ['vitest', 'vite', 'acorn', 'magic-string']

/** @param {{ tools: string, app: string }} where the tools and the packed package are installed */
export function raceChecks({ tools, app }) {
  const project = join(app, '..', 'race-project')
  const modules = join(project, 'node_modules')
  return [
    {
      consumer: 'Vitest',
      check: 'race()',
      async run() {
        mkdirSync(modules, { recursive: true })
        cpSync(join(app, 'races'), project, { recursive: true })
        writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'races', private: true, type: 'module' }))
        cpSync(join(app, 'node_modules/millrace'), join(modules, 'millrace'), { recursive: true })
        symlinkSync(join(app, 'node_modules/rxjs'), join(modules, 'rxjs'))
        for (const name of peers) symlinkSync(join(tools, 'node_modules', name), join(modules, name))
        const vitest = join(modules, 'vitest/vitest.mjs')
        for (const mode of ['race', 'test']) {
          const { stdout, stderr } = await ran([vitest, 'run', '--mode', mode, '--reporter=json'], project)
          const faults = faultsOf(mode, stdout, stderr)
          if (faults.length > 0) throw new Error(`--mode ${mode}:\n${faults.join('\n')}`)
        }
      },
    },
  ]
}

function ran(args, cwd) {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, timeout: 300_000 }, (_, stdout, stderr) => resolve({ stdout, stderr }))
  })
}
