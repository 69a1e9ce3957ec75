export default () => [typeof fetch, typeof fazt.net?.fetch]
