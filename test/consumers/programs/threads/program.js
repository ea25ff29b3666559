// A program of Node whose bundle is one file, which each thread evaluates too.
import { main } from 'millrace/node'
import { results } from './results.js'

main(async () => console.log(JSON.stringify(await results())))
