export default () => typeof Array.fromAsync
