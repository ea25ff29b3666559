/** The laws of adapters over streams, files, sockets and processes of Node, in real time. */
import { checkAll } from '../support/adapter-row.js'
import { nodeAdapters } from './adapters.js'

checkAll(nodeAdapters)
