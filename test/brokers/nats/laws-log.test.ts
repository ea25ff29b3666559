import { keepsTheLaws } from './laws.js'

keepsTheLaws('log')
