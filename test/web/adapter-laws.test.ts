/** The laws of adapters over the web platform, in real time. */
import { checkAll } from '../support/adapter-row.js'
import { webAdapters } from './adapters.js'

checkAll(webAdapters)
