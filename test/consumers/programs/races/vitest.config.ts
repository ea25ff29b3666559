import { race } from 'millrace/vite'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [race({ exclude: 'unseen', ignore: { 'stats.last': 'the last writer wins', 'stats.first': 'no such place' } })],
})
