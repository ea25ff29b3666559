/** The manifest and the changelog agree with each other, as npm shows them. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readJson, root } from '../../scripts/entries.mjs'

const REPOSITORY = 'https://github.com/millrace/millrace'

interface Manifest {
  readonly version: string
  readonly homepage: string
  readonly bugs: string
  readonly repository: { readonly url: string }
  readonly files: readonly string[]
}

const manifest = readJson('package.json') as Manifest
const changelog = readFileSync(new URL('CHANGELOG.md', root), 'utf8')

test('repository, homepage and bugs name one repository', () => {
  expect(manifest.repository.url).toBe(`git+${REPOSITORY}.git`)
  expect(manifest.homepage).toBe(`${REPOSITORY}#readme`)
  expect(manifest.bugs).toBe(`${REPOSITORY}/issues`)
})

test('the newest dated entry of the changelog is the version of the manifest; only the first may be unreleased', () => {
  const headings = [...changelog.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
  if (headings[0] === 'Unreleased') headings.shift()
  expect(headings[0].split(' - ')[0]).toBe(manifest.version)
  for (const heading of headings) expect(heading).toMatch(/^\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d$/)
})

test('the package ships what its pages need', () => {
  expect(manifest.files).toEqual(['dist', 'CHANGELOG.md', 'llms.txt'])
})
