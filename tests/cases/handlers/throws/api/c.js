export default () => Promise.reject('swordfish')
