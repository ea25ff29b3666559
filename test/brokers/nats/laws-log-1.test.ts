import { keepsTheLaws } from './laws.js'

keepsTheLaws('log', 0, 2)
