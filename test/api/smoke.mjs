// The package as npm would publish it: packed, installed into an empty folder beside its peers (npm leaves out the optional one), and every entry
// point loaded both ways.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'smoke', version: '0.0.0', private: true }))
  run('npm', ['install', '--no-audit', '--no-fund', `./${filename}`, ...optional])

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
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function relativeLinks(text) {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target.split('#')[0])
    .filter((path) => path !== '' && !/^[a-z]+:/.test(path))
}
