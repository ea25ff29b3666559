/** Serves the page through vite, cross-origin isolated, so that it shares memory with its threads. `npm run image-filter` prints its address. */
import { createServer } from 'vite'
import { threads } from 'millrace/vite'
import { servedPage } from '../pages.js'

const vite = await createServer({
  ...servedPage('image-filter'),
  plugins: [threads({ isolated: true })],
  server: {
    host: '127.0.0.1',
    port: Number(process.argv[2] ?? 0),
    hmr: false,
    ws: false,
    watch: null,
    fs: { strict: false },
  },
})
await vite.listen()
console.log(vite.resolvedUrls?.local[0])
