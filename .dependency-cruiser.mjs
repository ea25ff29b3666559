// The floors of the house: imports point strictly down, and other rooms are entered by their doors.
//
//   testing           every arrow
//   adapters/*        points
//   operators         down; RxJS enters here and no lower
//   runtime           nothing but itself: no RxJS, no fp-ts, no `node:`, types included
//   instrument        beside the runtime: acorn and magic-string, nothing of ours; only adapters import it
//
// A floor is a folder of src, or an adapter; it is entered by its index. Within a floor the rooms have an order of their own (`rooms`). `depcruise src dist` also looks at the built entry points.

const room = '^src/((?:adapters/)?[^/]+)/'

const notAbove = (floor, above) => ({
  name: `${floor}-points-down`,
  severity: 'error',
  from: { path: `^src/${floor}/` },
  to: { path: `^src/(${above.join('|')})/` },
})

// The rooms of each floor, from the bottom up. Rooms on one line are siblings: neither imports the other.
const rooms = {
  runtime: [
    ['base'],
    ['interfaces'],
    ['scheduler'],
    ['operation'],
    ['channel', 'select', 'goroutine'],
    ['context', 'time'],
    ['sync', 'groups'],
    ['diagnostics'],
  ],
  operators: [['demand'], ['engine'], ['sources', 'stages', 'sinks'], ['reports']],
  testing: [['race', 'faults'], ['hooks', 'bubble'], ['explore', 'command', 'vitest'], ['marbles', 'laws'], ['fast-check']],
}

/** One rule for each room: it imports nothing from its siblings or from a room above, types included. */
const roomRules = Object.entries(rooms).flatMap(([floor, levels]) =>
  levels.flatMap((level, index) =>
    level.map((name) => ({
      name: `${floor}-${name}-points-down`,
      comment: `rooms of ${floor}, from the bottom up: ${levels.map((names) => names.join(', ')).join(' < ')}`,
      severity: 'error',
      from: { path: `^src/${floor}/${name}/` },
      to: {
        path: `^src/${floor}/(${[...level.filter((sibling) => sibling !== name), ...levels.slice(index + 1).flat()].join('|') || 'none'})/`,
      },
    })),
  ),
)

const builtWithout = (entry, forbidden) => ({
  name: `built-${entry}-stays-light`,
  comment: `whoever imports this entry point must not load more than it needs`,
  severity: 'error',
  from: { path: `^dist/${entry}[.]js$` },
  to: { path: forbidden, reachable: true },
})

// As they stand after resolution: a package is a file in its folder, a module of Node's own a bare word.
const rxjs = 'node_modules/rxjs/'
const fpTs = 'node_modules/fp-ts/'
const fastCheck = 'node_modules/fast-check/'
const acorn = 'node_modules/acorn/'
const magicString = 'node_modules/magic-string/'
const nats = 'node_modules/@nats-io/'
const nodeCore = '^[a-z0-9_/]+$'

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    notAbove('runtime', ['operators', 'adapters', 'testing']),
    notAbove('operators', ['adapters', 'testing']),
    notAbove('adapters', ['testing']),
    ...roomRules,
    {
      name: 'through-the-index',
      comment:
        "another room's files are its own business; the runtime and the operators have a second door, internal.ts, for the floors above them, and the broker has one for the adapters to brokers",
      severity: 'error',
      from: { path: room },
      to: {
        path: '^src/',
        pathNot: [
          '^src/$1/',
          '^src/(?:adapters/)?[^/]+/index[.]ts$',
          '^src/(?:runtime|operators)/internal[.]ts$',
          '^src/adapters/broker/internal[.]ts$',
        ],
      },
    },
    {
      name: 'no-cycles',
      comment: 'types may refer to each other (an Op knows its Context, a Context its Op); what runs may not',
      severity: 'error',
      from: { path: '^(src|dist)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only', 'type-import'] } },
    },
    {
      name: 'runtime-stands-alone',
      severity: 'error',
      from: { path: '^src/runtime/' },
      to: { pathNot: ['^src/'] },
    },
    {
      name: 'instrument-stands-alone',
      severity: 'error',
      from: { path: '^src/instrument/' },
      to: { pathNot: ['^src/instrument/', acorn, magicString] },
    },
    {
      name: 'instrument-for-adapters',
      comment: 'who imports it needs a parser: optional peers of the entry points that instrument, types included',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/instrument/', '^src/adapters/'] },
      to: { path: ['^src/instrument/', acorn, magicString] },
    },
    {
      name: 'operators-know-rxjs-only',
      severity: 'error',
      from: { path: '^src/operators/' },
      to: { pathNot: ['^src/', rxjs] },
    },
    {
      name: 'fp-ts-in-its-adapter',
      comment: 'an optional peer of one entry point: only the adapter imports it, types included',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapters/fp-ts/' },
      to: { path: fpTs },
    },
    {
      name: 'fast-check-for-its-arbitraries',
      comment: 'an optional peer: whoever has no use for it need not have it',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/fast-check/' },
      to: { path: fastCheck },
    },
    {
      name: 'nats-in-its-adapter',
      comment: 'an optional peer of one entry point: only the adapter imports it, types included',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapters/nats/' },
      to: { path: nats },
    },
    {
      name: 'vite-in-its-adapter',
      comment: 'an optional peer, for its types',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapters/vite/' },
      to: { path: 'node_modules/vite/' },
    },
    {
      name: 'vitest-in-its-setup-file',
      comment: 'an optional peer: its processes load the file',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/vitest/' },
      to: { path: 'node_modules/vitest/' },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    builtWithout('index', [rxjs, fpTs, nodeCore]),
    builtWithout('operators', [fpTs, nodeCore]),
    builtWithout('node', [rxjs, fpTs]),
    builtWithout('node-operators', [fpTs]),
    builtWithout('web', [rxjs, fpTs, nodeCore]),
    builtWithout('web-operators', [fpTs, nodeCore]),
    builtWithout('threads', [rxjs, fpTs, nodeCore]),
    builtWithout('broker', [fpTs, nodeCore, nats]),
    builtWithout('nats', [fpTs, nodeCore]),
    builtWithout('testing', [fastCheck]),
    builtWithout('vite', [rxjs, fpTs]),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '[.](map|d[.]ts)$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.build.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
