// TypeScript: programs/typed.ts under each compiler and each way to resolve modules, with the declarations checked too.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const versions = ['5.4', '5.9', '7']
const resolutions = ['node16', 'nodenext', 'bundler']

/** A library for every host: ES2022 and nothing else. A CommonJS module. A program for Node and the DOM, whose own AbortSignal must be the one. */
const surroundings = {
  es2022: { lib: ['es2022'], types: [], files: ['typed.ts', 'host.d.ts'] },
  CommonJS: { lib: ['es2022'], types: [], files: ['required.cts', 'host.d.ts'] },
  'dom + node': { lib: ['es2022', 'dom'], types: ['node'], files: ['typed.ts', 'hosted.ts'] },
}

export function typeChecks({ tools, app }) {
  return versions.flatMap((version) =>
    Object.keys(surroundings).flatMap((name) =>
      resolutionsFor(version, name).map((resolution) => ({
        consumer: `TypeScript ${version}`,
        check: `${resolution}, ${name}`,
        run: () => check({ tools, app, version, resolution, name }),
      })),
    ),
  )
}

/** The declarations of Node itself, and require() of an ES module, need a newer compiler than 5.4. */
function resolutionsFor(version, name) {
  if (name === 'es2022') return resolutions
  return version === '5.4' ? [] : ['nodenext']
}

async function check({ tools, app, version, resolution, name }) {
  const { lib, types, files } = surroundings[name]
  const config = join(app, `tsconfig.${version}.${resolution}.${name.replaceAll(' ', '')}.json`)
  const compilerOptions = {
    module: resolution === 'bundler' ? 'esnext' : resolution,
    moduleResolution: resolution,
    target: 'es2022',
    lib,
    types,
    typeRoots: [join(tools, 'node_modules', '@types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(config, JSON.stringify({ compilerOptions, files }))
  const compiler = join(tools, 'node_modules', `typescript-${version}`, 'bin', 'tsc')
  await run(process.execPath, [compiler, '-p', config, '--pretty', 'false']).catch(({ stdout }) => {
    throw new Error(stdout)
  })
}
