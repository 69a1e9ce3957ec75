export default () => Promise.resolve().then(() => { while (true) {} })
