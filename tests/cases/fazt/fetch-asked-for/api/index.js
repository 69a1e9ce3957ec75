export default () => fetch('http://127.0.0.1:1/').then(() => 'fetched', (e) => e instanceof Error)
