/** The places of `millrace/vite`. */
import { race, threads } from 'millrace/vite'
import { optionsOf, type Table } from './kinds.js'

const ofRace = { level: 'word?', always: 'flag?', include: 'list or none', exclude: 'list or none', ignore: 'record?' } as const

const ofThreads = { isolated: 'flag?' } as const

export const vite: Table = {
  ...optionsOf('race', 'options', 'options?', ofRace, (options) => void race(options)),
  ...optionsOf('threads', 'options', 'options?', ofThreads, (options) => void threads(options)),
}
