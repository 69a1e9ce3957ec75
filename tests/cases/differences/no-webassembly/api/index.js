export default () => typeof WebAssembly
