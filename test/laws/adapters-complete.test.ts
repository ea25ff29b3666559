/** The contributor of an adapter adds a row to a table of adapters: `test/node/adapters.ts`, `test/web/adapters.ts`. */
import * as node from 'millrace/node'
import * as nodeOperators from 'millrace/node/operators'
import * as web from 'millrace/web'
import * as webOperators from 'millrace/web/operators'
import { describe, expect, it } from 'vitest'
import { noAdaptersOfNode, nodeAdapters } from '../node/adapters.js'
import { noAdaptersOfWeb, webAdapters } from '../web/adapters.js'
import { socketAdapters } from '../web/socket-adapters.js'

const doors = {
  'millrace/node': { exports: { ...node, ...nodeOperators }, tables: [nodeAdapters], others: noAdaptersOfNode },
  'millrace/web': { exports: { ...web, ...webOperators }, tables: [webAdapters, socketAdapters('ws://host/')], others: noAdaptersOfWeb },
}

describe.each(Object.entries(doors))('%s', (_, { exports, tables, others }) => {
  const covered = new Set(tables.flatMap((table) => Object.values(table)).flatMap(({ covers }) => covers))

  it('every export has a row, or a reason', () => {
    expect(Object.keys(exports).filter((name) => !covered.has(name) && !Object.hasOwn(others, name))).toEqual([])
  })

  it('a name with a row or a reason is exported', () => {
    expect([...covered, ...Object.keys(others)].filter((name) => !Object.hasOwn(exports, name))).toEqual([])
  })

  it('no name has both', () => {
    expect(Object.keys(others).filter((name) => covered.has(name))).toEqual([])
  })
})
