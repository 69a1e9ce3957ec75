export default () => [import.meta.url, new URL('./z.json', import.meta.url).pathname]
