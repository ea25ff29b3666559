/** What results.js computes. */
export const expected = { squares: '1,4,9,16', doubles: '2,4,6', refused: 'true 5 is refused', asked: 'None', threads: true }
