export default () => ({
  headers: { 'content-type': 'text/event-stream' },
  body: (async function* () { for (const n of [1, 2]) yield `data: ${n}\n\n` })(),
})
