export default () => new Promise(() => setTimeout(() => { while (true) {} }, 1))
