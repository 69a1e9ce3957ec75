export default () => { while (true) {} }
