// The next version: moves the changesets into CHANGELOG.md, dates the new heading and brings package-lock.json along. Prints the version.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readJson, root } from './entries.mjs'

const run = (command, ...args) => execFileSync(command, args, { cwd: fileURLToPath(root), stdio: 'inherit' })

run('npx', 'changeset', 'version')
const { version } = readJson('package.json')
const changelog = new URL('CHANGELOG.md', root)
const today = new Date().toISOString().slice(0, 10)
writeFileSync(changelog, readFileSync(changelog, 'utf8').replace(`## ${version}\n`, `## ${version} - ${today}\n`))
run('npx', 'prettier', '--write', 'package.json')
run('npm', 'install', '--package-lock-only', '--no-audit', '--no-fund')
console.log(version)
