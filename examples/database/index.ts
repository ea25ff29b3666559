/** SQLite for the examples. `npm run etl` and `npm run test:examples` install it into this folder: it compiles, which not every machine can. */
export { default } from 'better-sqlite3'
