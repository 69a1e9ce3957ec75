export default () => { throw new Error('the password is swordfish') }
