test('loads', () => {
  const { chan } = require('millrace')
  expect(chan(1).capacity).toBe(1)
})
