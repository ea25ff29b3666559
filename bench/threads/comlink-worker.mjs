import { parentPort } from 'node:worker_threads'
import { peer } from '../peers/load.mjs'
import * as functions from './functions.mjs'

const { expose } = await peer('comlink')
const { default: endpoint } = await peer('comlink/dist/esm/node-adapter.mjs')
expose(functions, endpoint(parentPort))
