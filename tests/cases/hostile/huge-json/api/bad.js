export default () => JSON.stringify(Array(1e5).fill('x'.repeat(1e5)))
