import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = import.meta.dirname

/** Compiles the Go workloads once into the temporary folder: { path, version }, or { missing: why }. */
export function buildGo() {
  let version
  try {
    version = execFileSync('go', ['version'], { encoding: 'utf8' }).split(' ')[2]
  } catch {
    return { missing: 'go is not on the PATH' }
  }
  const target = join(tmpdir(), `millrace-bench-${fingerprint(version)}`)
  const path = join(target, 'bench')
  if (!existsSync(path)) {
    mkdirSync(target, { recursive: true })
    try {
      execFileSync('go', ['build', '-o', `${path}.new`, '.'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    } catch (error) {
      return { missing: `go build failed: ${String(error.stderr).trim()}` }
    }
    renameSync(`${path}.new`, path)
  }
  return { path, version }
}

function fingerprint(version) {
  const hash = createHash('sha256').update(version)
  for (const file of readdirSync(folder).sort()) if (/\.(go|mod)$/.test(file)) hash.update(readFileSync(join(folder, file)))
  return hash.digest('hex').slice(0, 16)
}
