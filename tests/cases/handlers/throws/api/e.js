export default () => null.swordfish
