// The public surface, pinned: test/api/exports.json lists what each entry point exports at run time, test/api/<entry>.api.md its
// declarations. Made from the built package; with --check a difference is an error instead.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { entries, requireBuild, root } from './entries.mjs'

requireBuild()

const check = process.argv.includes('--check')
const stale = []

const exported = {}
for (const { specifier, name } of entries) exported[specifier] = Object.keys(await import(new URL(`dist/${name}.js`, root))).sort()
pin('exports.json', JSON.stringify(exported, null, 2) + '\n')

for (const entry of entries) pin(`${entry.specifier.replaceAll('/', '-')}.api.md`, declarations(entry))
if (stale.length > 0) {
  console.error(
    `The public surface has changed: ${stale.join(', ')}. If that is meant, run \`npm run build && npm run api\` and record it in CHANGELOG.md.`,
  )
  process.exit(1)
}

function pin(file, text) {
  const path = new URL(`test/api/${file}`, root)
  if (!check) writeFileSync(path, text)
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) stale.push(`test/api/${file}`)
}

function declarations({ specifier, name }) {
  const reportFolder = fileURLToPath(new URL('reports/api/', root))
  const reportFileName = specifier.replaceAll('/', '-')
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: fileURLToPath(root),
      mainEntryPointFilePath: fileURLToPath(new URL(`dist/${name}.d.ts`, root)),
      compiler: { tsconfigFilePath: fileURLToPath(new URL('tsconfig.build.json', root)) },
      apiReport: { enabled: true, reportFileName, reportFolder, reportTempFolder: reportFolder, includeForgottenExports: true },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: { logLevel: 'none' } },
        extractorMessageReporting: { default: { logLevel: 'none' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: fileURLToPath(new URL('package.json', root)),
  })
  Extractor.invoke(config, { localBuild: true, messageCallback: (message) => (message.handled = true) })
  return readFileSync(new URL(`reports/api/${reportFileName}.api.md`, root), 'utf8')
}
