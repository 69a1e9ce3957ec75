export default () => typeof URLPattern
