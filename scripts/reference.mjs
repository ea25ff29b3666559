// The API reference: docs/reference/index.html, made by TypeDoc from the doc comments of the entry points. A broken link, a type that the
// public surface names and does not export, and an exported symbol without a doc comment are errors.
import { fileURLToPath } from 'node:url'
import { Application, Converter, ReflectionKind } from 'typedoc'
import { entries, root } from './entries.mjs'

const inRepository = (path) => fileURLToPath(new URL(path, root))
const repository = 'https://github.com/millrace/millrace'

const app = await Application.bootstrap({
  name: 'Millrace',
  entryPoints: entries.map(({ source }) => inRepository(source)),
  tsconfig: inRepository('tsconfig.build.json'),
  basePath: inRepository('.'),
  readme: inRepository('README.md'),
  navigationLinks: { Repository: repository },
  disableGit: true,
  sourceLinkTemplate: `${repository}/blob/main/{path}#L{line}`,
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true, // what an Observable has is RxJS's to document
  sort: ['source-order'],
  validation: {
    notExported: true,
    invalidLink: true,
    invalidPath: true,
    rewrittenLink: true,
    notDocumented: true,
  },
  requiredToBeDocumented: ['Variable', 'Function', 'Class', 'Interface', 'TypeAlias', 'Method'],
  // The compiler's messages for usual slips, steps of a conditional type, and the functions of `shared`: no caller names their types.
  intentionallyNotExported: [
    ...['slips.ts:Slips', 'slips.ts:YieldStar', 'linearizable.ts:Specified', 'linearizable.ts:Performing'],
    ...['Int32', 'Uint32', 'Int64', 'Uint64', 'Value', 'Mutex', 'Semaphore', 'WaitGroup'].map((name) => `shared.ts:shared${name}`),
  ],
  // A doc comment has no place in the type of a result.
  intentionallyNotDocumented: ['millrace.RWMutex.rLocker.__type.lock', 'millrace.RWMutex.rLocker.__type.unlock'],
})

// A module is called as it is imported.
const specifiers = new Map(entries.map(({ source, specifier }) => [inRepository(source), specifier]))
app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.getReflectionsByKind(ReflectionKind.Module))
    module.name = specifiers.get(module.sources?.[0]?.fullFileName) ?? module.name
})

const project = await app.convert()
if (project === undefined) process.exit(1)
app.validate(project)
await app.generateDocs(project, inRepository('docs/reference'))
const { errorCount, warningCount } = app.logger
if (errorCount + warningCount > 0) process.exit(1)
console.log('docs/reference/index.html')
