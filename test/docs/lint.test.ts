/** The lint setting of the guide finds the slips that the guide names. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runInNewContext } from 'node:vm'
import { ESLint, type Linter } from 'eslint'
import tseslint from 'typescript-eslint'
import { expect, it } from 'vitest'
import { root } from '../../scripts/entries.mjs'

const page = readFileSync(new URL('docs/guide/foot-guns.md', root), 'utf8')
const setting = /^```js\n(rules: [^]*?)\n```/m.exec(page)?.[1]

const slips = `
import { chan, go, select } from 'millrace'
const [a, b] = [chan<number>(1), chan<number>(1)]
a.send(1)
go(function* () {
  a.receive()
  yield* b.send(2)
})
await Promise.race([a.receive(), b.receive()])
await select([a.receive(), b.receive()])
`

it('the lint setting of the guide finds operations that nobody performs, and a race of operations', async () => {
  const eslint = new ESLint({
    cwd: fileURLToPath(root),
    overrideConfigFile: true,
    overrideConfig: {
      files: ['**/*.ts'],
      plugins: { '@typescript-eslint': tseslint.plugin },
      languageOptions: { parser: tseslint.parser, parserOptions: { projectService: { allowDefaultProject: ['*.ts'] } } },
      ...(runInNewContext(`({ ${setting} })`) as Pick<Linter.Config, 'rules'>), // it stands in the page as it would in a configuration
    },
  })
  const [{ messages }] = await eslint.lintText(slips, { filePath: fileURLToPath(new URL('slips.ts', root)) })
  expect(messages.map(({ line, ruleId }) => `${line} ${ruleId}`)).toEqual([
    '4 @typescript-eslint/no-floating-promises',
    '6 @typescript-eslint/no-floating-promises',
    '9 no-restricted-properties',
  ])
})
