// The package as npm would publish it: packed, installed into an empty folder beside its peers, and every entry point loaded both ways. Then without
// its peers, which are all optional: the entries that need none run and type-check, declarations included.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJson, requireBuild, root } from '../../scripts/entries.mjs'

requireBuild()

const pinned = readJson('test/api/exports.json')
const { peerDependencies, peerDependenciesMeta } = readJson('package.json')
const optional = Object.keys(peerDependenciesMeta).map((name) => `${name}@${peerDependencies[name]}`)
const folder = mkdtempSync(join(tmpdir(), 'millrace-smoke-'))
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

try {
  const [{ filename, files }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], fileURLToPath(root)))
  install(folder, [`./${filename}`, ...optional])

  const installed = join(folder, 'node_modules/millrace')
  for (const page of ['README.md', 'CHANGELOG.md', 'llms.txt']) {
    const broken = relativeLinks(readFileSync(join(installed, page), 'utf8')).filter((target) => !existsSync(join(installed, target)))
    if (broken.length > 0) throw new Error(`${page} of the package links to ${broken.join(', ')}, which the package does not have`)
  }
  const empty = files.filter(({ path, size }) => path.endsWith('.map') && size < 100)
  if (empty.length > 0) throw new Error(`empty source maps: ${empty.map(({ path }) => path).join(', ')}`)

  const program = (load) => `
    const pinned = ${JSON.stringify(pinned)}
    for (const [specifier, names] of Object.entries(pinned)) {
      const found = Object.keys(${load}(specifier)).filter((name) => name !== 'default' && name !== '__esModule').sort()
      if (found.join() !== names.join()) throw new Error(specifier + ' exports ' + found.join())
    }`
  writeFileSync(join(folder, 'import.mjs'), program('await import'))
  writeFileSync(join(folder, 'require.cjs'), program('require'))
  for (const file of ['import.mjs', 'require.cjs']) run(process.execPath, [file])
  console.log(`${filename}: ${files.length} files; ${Object.keys(pinned).join(', ')} load by import and by require`)
  withoutPeers(filename)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function install(into, packages) {
  writeFileSync(join(into, 'package.json'), JSON.stringify({ name: 'smoke', version: '0.0.0', private: true, type: 'module' }))
  run('npm', ['install', '--no-audit', '--no-fund', ...packages], into)
}

/** Runs and type-checks a program in a folder that has millrace and no other package. */
function withoutPeers(filename) {
  const bare = join(folder, 'bare')
  mkdirSync(bare)
  install(bare, [`../${filename}`])
  const found = readdirSync(join(bare, 'node_modules')).filter((name) => !name.startsWith('.'))
  if (found.join() !== 'millrace') throw new Error(`millrace without peers installs ${found.join(', ')}`)
  const lines = (types) => [
    `import { chan, go, select${types ? ', type Option' : ''} } from 'millrace'`,
    `import { main${types ? ', type MainOptions' : ''} } from 'millrace/node'`,
    `const ch = chan${types ? '<number>' : ''}(1)`,
    'const handle = go(() => ch.receive())',
    'const sent = await select({ sent: ch.send(7), never: false })',
    `const message${types ? ': Option<number>' : ''} = await handle.join()`,
    `if (sent.case !== 'sent' || message._tag !== 'Some' || message.value !== 7 || typeof main !== 'function') throw new Error('no 7')`,
    types ? 'export const options: MainOptions = { drain: 1 }' : '',
  ]
  writeFileSync(join(bare, 'run.js'), lines(false).join('\n'))
  writeFileSync(join(bare, 'typed.ts'), lines(true).join('\n'))
  run(process.execPath, ['run.js'], bare)
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2022', 'dom'],
    types: [],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(join(bare, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['typed.ts'] }))
  run(process.execPath, [fileURLToPath(new URL('node_modules/typescript/bin/tsc', root)), '-p', '.', '--pretty', 'false'], bare)
  console.log('without peers, millrace and millrace/node run and type-check')
}

function relativeLinks(text) {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target.split('#')[0])
    .filter((path) => path !== '' && !/^[a-z]+:/.test(path))
}
