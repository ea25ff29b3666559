import { keepsTheLaws } from './laws.js'

keepsTheLaws('queue')
